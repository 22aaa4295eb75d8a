package dev.agentcontainers.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What an agent uses, as its node tells it. What the node can't tell, and a limit that there is not, is null. Memory, processor time
 * and out-of-memory kills of an agent over gVisor include gVisor's own.
 *
 * @param time when it was read, RFC 3339
 * @param cpuMillis thousandths of a processor in the last {@code intervalMillis}
 * @param intervalMillis milliseconds that lie between the two looks
 * @param cpuNanos processor time since this run of the agent began, in nanoseconds
 * @param memoryBytes working set: what is used but for files that the kernel can drop at once
 * @param processes processes and threads
 * @param storageBytes what the agent's writable files take of the disk
 * @param outOfMemoryKills processes that the kernel killed for the limit of memory since this run began
 */
public record AgentUsage(
        String time,
        @Nullable Long cpuMillis,
        @Nullable Long intervalMillis,
        @Nullable Long cpuNanos,
        @Nullable Long cpuLimitMillis,
        @Nullable Long memoryBytes,
        @Nullable Long memoryLimitBytes,
        @Nullable Long processes,
        @Nullable Long processLimit,
        @Nullable Long storageBytes,
        @Nullable Long storageLimitBytes,
        @Nullable Long outOfMemoryKills) {}
