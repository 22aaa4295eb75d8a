/**
 * Who may write. In: the leader's Lease. Out: the epoch, and a guard in front of each write. Never lets a process that
 * has lost the lease, or slept through it, go on.
 */
@NullMarked
package dev.agentcontainers.operator.leadership;

import org.jspecify.annotations.NullMarked;
