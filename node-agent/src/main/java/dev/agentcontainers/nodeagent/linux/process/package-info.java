/**
 * Processes, mounts and descriptors by the C library, for what the JDK can't do: children of a thread that has changed
 * its namespaces, mounts without a program, pseudo-terminals. In: plain values. Out: plain values or a
 * {@link dev.agentcontainers.nodeagent.linux.namespace.SystemCallException}. No JNA type leaves this package.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.process;

import org.jspecify.annotations.NullMarked;
