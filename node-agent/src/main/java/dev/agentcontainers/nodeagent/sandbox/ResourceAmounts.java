package dev.agentcontainers.nodeagent.sandbox;

import java.util.OptionalLong;

/**
 * Amounts of resources; empty means none asked for or no limit.
 *
 * @param cpuMillis thousandths of a processor
 * @param memoryBytes bytes of memory
 * @param ephemeralStorageBytes bytes of disk for the agent's writable files
 * @param pids processes and threads
 * @param openFiles open files of each process
 * @param diskReadRate bytes a second from each disk
 * @param diskWriteRate bytes a second to each disk
 * @param networkEgressRate bytes a second that are sent
 * @param networkIngressRate bytes a second that are received
 */
public record ResourceAmounts(
        OptionalLong cpuMillis,
        OptionalLong memoryBytes,
        OptionalLong ephemeralStorageBytes,
        OptionalLong pids,
        OptionalLong openFiles,
        OptionalLong diskReadRate,
        OptionalLong diskWriteRate,
        OptionalLong networkEgressRate,
        OptionalLong networkIngressRate) {
    public static final ResourceAmounts NONE =
            new ResourceAmounts(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());

    /** Without limits of open files and of rates. */
    public ResourceAmounts(
            OptionalLong cpuMillis, OptionalLong memoryBytes, OptionalLong ephemeralStorageBytes, OptionalLong pids) {
        this(
                cpuMillis,
                memoryBytes,
                ephemeralStorageBytes,
                pids,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }
}
