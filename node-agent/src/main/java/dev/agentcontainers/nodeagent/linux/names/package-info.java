/**
 * The egress proxy as a process of Linux: what it is started from, as whom, in which control group. In: sockets. Out: a process
 * that outlives this one. Knows nothing of names.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.names;

import org.jspecify.annotations.NullMarked;
