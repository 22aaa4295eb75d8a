/**
 * Agents' logs as their shims write them. In: a file in the CRI format that grows and is replaced. Out: its lines, in order
 * and complete. Never writes, and knows nothing of who reads.
 */
@NullMarked
package dev.agentcontainers.nodeagent.log;

import org.jspecify.annotations.NullMarked;
