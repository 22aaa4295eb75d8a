package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.nodeagent.platform.MachineFacts;

/**
 * What there is or what is taken of a machine.
 *
 * @param cpuMillis thousandths of a processor
 * @param memoryBytes main memory
 * @param storageBytes disk for what agents write
 * @param pids processes and threads
 */
record Budget(long cpuMillis, long memoryBytes, long storageBytes, long pids) {
    static final Budget NOTHING = new Budget(0, 0, 0, 0);

    private static final long WHOLE = 100;

    static Budget of(MachineFacts machine, int percent) {
        return new Budget(
                part(machine.cpuMillis(), percent),
                part(machine.memoryBytes(), percent),
                part(machine.storageBytes(), percent),
                part(machine.pids(), percent));
    }

    private static long part(long whole, int percent) {
        return whole / WHOLE * percent + whole % WHOLE * percent / WHOLE;
    }

    Budget plus(Budget other) {
        return new Budget(
                cpuMillis + other.cpuMillis,
                memoryBytes + other.memoryBytes,
                storageBytes + other.storageBytes,
                pids + other.pids);
    }

    Budget minus(Budget other) {
        return new Budget(
                cpuMillis - other.cpuMillis,
                memoryBytes - other.memoryBytes,
                storageBytes - other.storageBytes,
                pids - other.pids);
    }
}
