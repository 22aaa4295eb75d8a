package dev.agentcontainers.nodeagent.sandbox;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * What a sandbox used and uses, by one look at the machine. What the machine does not tell is empty, never zero. Immutable.
 *
 * @param at when it was read
 * @param startedAt when the run began, as {@link SandboxState.Running} says it
 * @param run tells runs of one sandbox apart: what is counted begins anew with each
 * @param cpuNanos processor time of all its processes together since the run began, in nanoseconds; never falls in a run
 * @param cpuLimitMillis thousandths of a processor that it may use; empty also without a limit
 * @param memoryBytes its working set: what it uses but for files that the kernel can drop at once, as the kubelet counts it
 * @param memoryPeakBytes the most that it used at a time since the run began, files included that the kernel can drop
 * @param memoryLimitBytes empty also without a limit
 * @param processes processes and threads now
 * @param processLimit empty also without a limit
 * @param storageBytes what its writable files take of the disk
 * @param storageLimitBytes what they may take; empty also without a limit
 * @param outOfMemoryKills processes that the kernel killed for the limit of memory since the run began
 */
public record SandboxStats(
        Instant at,
        Instant startedAt,
        String run,
        OptionalLong cpuNanos,
        OptionalLong cpuLimitMillis,
        OptionalLong memoryBytes,
        OptionalLong memoryPeakBytes,
        OptionalLong memoryLimitBytes,
        OptionalLong processes,
        OptionalLong processLimit,
        OptionalLong storageBytes,
        OptionalLong storageLimitBytes,
        OptionalLong outOfMemoryKills) {}
