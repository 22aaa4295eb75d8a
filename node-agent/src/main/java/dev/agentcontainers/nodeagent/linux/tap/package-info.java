/**
 * Interfaces of a network namespace whose frames a program reads and writes, as a virtual machine's network card. In: namespaces
 * and users. Out: interfaces that are connected with others. Never decides what may pass.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.tap;

import org.jspecify.annotations.NullMarked;
