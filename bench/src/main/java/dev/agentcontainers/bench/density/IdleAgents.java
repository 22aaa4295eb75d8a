package dev.agentcontainers.bench.density;

import dev.agentcontainers.bench.MachineMemory;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/**
 * What a number of idle agents takes, in KiB.
 *
 * @param count how many agents
 * @param before without them
 * @param with with all of them
 * @param shims proportional memory of each shim
 * @param agents of all processes of agents together
 * @param proxyGrowth of the egress proxy
 * @param charged to the agents' control groups
 */
record IdleAgents(
        int count,
        MachineMemory before,
        MachineMemory with,
        List<Long> shims,
        long agents,
        long proxyGrowth,
        Groups.Charged charged) {
    private static final double MIBI = 1024;

    static long proportional(Collection<Long> processes) {
        return processes.stream().mapToLong(MachineMemory::proportional).sum();
    }

    static List<Long> each(Collection<Long> processes) {
        return processes.stream().map(MachineMemory::proportional).toList();
    }

    /** The egress proxy's own data: with what it shares with other JVMs of the machine it would change with those. */
    static long proxy() throws IOException {
        return new Groups(DensityNode.PROXY_CONTROL_GROUP)
                .processes().stream().mapToLong(MachineMemory::anonymous).sum();
    }

    /** What the machine has less, in KiB for each agent. */
    double lessAvailable() {
        return (double) (before.available() - with.available()) / count;
    }

    /** The sum of what is found part by part, in KiB for each agent. */
    double sumOfParts() {
        return perAgent(shimSum() + agents + proxyGrowth + nodeGrowth() + kernelGrowth() + filesGrowth());
    }

    long shimSum() {
        return shims.stream().mapToLong(Long::longValue).sum();
    }

    /** Of the largest shim, in MiB. */
    double largestShim() {
        return shims.stream().mapToLong(Long::longValue).max().orElse(0) / MIBI;
    }

    long nodeGrowth() {
        return Math.max(0, with.heap() - before.heap());
    }

    long kernelGrowth() {
        return with.kernelSum() - before.kernelSum();
    }

    long kernelGrowth(String part) {
        return with.kernel().getOrDefault(part, 0L) - before.kernel().getOrDefault(part, 0L);
    }

    long filesGrowth() {
        return with.files() - before.files();
    }

    double perAgent(long kibibytes) {
        return (double) kibibytes / count;
    }

    /** How many agents of so many KiB a GiB holds. */
    static long perGibibyte(double kibibytes) {
        return kibibytes > 0 ? Math.round(MIBI * MIBI / kibibytes) : 0;
    }
}
