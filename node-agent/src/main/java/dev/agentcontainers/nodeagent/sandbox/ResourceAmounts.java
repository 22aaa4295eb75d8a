package dev.agentcontainers.nodeagent.sandbox;

import dev.agentcontainers.assignment.Amounts;
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

    /** Of processors, memory and disk the sum, empty where neither is asked for; of all else this one's own. */
    public ResourceAmounts plus(ResourceAmounts other) {
        return new ResourceAmounts(
                sum(cpuMillis, other.cpuMillis),
                sum(memoryBytes, other.memoryBytes),
                sum(ephemeralStorageBytes, other.ephemeralStorageBytes),
                pids,
                openFiles,
                diskReadRate,
                diskWriteRate,
                networkEgressRate,
                networkIngressRate);
    }

    private static OptionalLong sum(OptionalLong first, OptionalLong second) {
        return first.isEmpty() && second.isEmpty()
                ? first
                : OptionalLong.of(Amounts.sum(first.orElse(0), second.orElse(0)));
    }

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
