package dev.agentcontainers.nodeagent.sandbox;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * What a run that has ended used, over the whole of it. What the machine does not tell is empty, never zero. Immutable.
 *
 * @param startedAt when it began, as {@link SandboxState.Running} said it
 * @param cpuNanos processor time of all its processes together, in nanoseconds
 * @param memoryPeakBytes the most that it used at a time, files included that the kernel can drop
 * @param storageBytes what its writable files took of the disk at its end
 * @param outOfMemoryKills processes that the kernel killed for the limit of memory
 */
public record RunUse(
        Instant startedAt,
        Instant endedAt,
        OptionalLong cpuNanos,
        OptionalLong memoryPeakBytes,
        OptionalLong storageBytes,
        OptionalLong outOfMemoryKills) {}
