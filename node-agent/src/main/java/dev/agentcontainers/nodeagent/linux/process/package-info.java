/**
 * Processes as the kernel shows them. In: what to start, which process to signal or wait for. Out: pids, exit codes,
 * ends of pipes and terminals, descriptors that another process hands over. Never knows what a sandbox is; no JNA type leaves it.
 */
@NullMarked
package dev.agentcontainers.nodeagent.linux.process;

import org.jspecify.annotations.NullMarked;
