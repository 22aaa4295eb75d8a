package dev.agentcontainers.nodeagent.platform;

import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;

/**
 * What a machine is and has.
 *
 * @param kernelVersion kernel or Windows build
 * @param osImage name and version of the distribution
 * @param cpuMillis thousandths of a processor
 * @param memoryBytes main memory
 * @param storageBytes size of the file system that holds the state directory
 * @param pids processes and threads that there may be at a time
 * @param bootId differs after each boot
 */
public record MachineFacts(
        OperatingSystem os,
        Architecture arch,
        String kernelVersion,
        String osImage,
        long cpuMillis,
        long memoryBytes,
        long storageBytes,
        long pids,
        String bootId) {}
