/**
 * Linux behind the node agent's neutral interfaces. In: settings. Out: the platform of this operating system. Nothing
 * outside this package tree knows that it exists; it is found by the ServiceLoader.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux;

import org.jspecify.annotations.NullMarked;
