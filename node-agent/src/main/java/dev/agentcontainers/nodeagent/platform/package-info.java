/**
 * What differs between operating systems, behind one interface. In: settings of the node agent. Out: drivers, a fence and
 * facts of the machine. The implementations are found by the ServiceLoader; nothing here knows any of them.
 */
@NullMarked
package dev.agentcontainers.nodeagent.platform;

import org.jspecify.annotations.NullMarked;
