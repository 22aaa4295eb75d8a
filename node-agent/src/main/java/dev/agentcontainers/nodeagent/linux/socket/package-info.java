/**
 * Sockets of a network namespace that other processes are to use. In: an address and a port. Out: descriptors. Never reads
 * or writes by them.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.socket;

import org.jspecify.annotations.NullMarked;
