package dev.agentcontainers.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What of the machine's memory is taken, in KiB. Source: proc_meminfo(5), proc_pid_status(5).
 *
 * @param available what programs could still get
 * @param kernel by its parts, which are not in any process
 * @param files in memory, of tmpfs
 * @param heap of this process after a collection
 * @param resident of this process
 */
public record MachineMemory(long available, Map<String, Long> kernel, long files, long heap, long resident) {
    /** Of it the kernel can take back much of SReclaimable under pressure: names and inodes of files. */
    private static final List<String> KERNEL =
            List.of("SUnreclaim", "SReclaimable", "KernelStack", "PageTables", "Percpu");

    private static final long KIBI = 1024;

    public static MachineMemory now() throws IOException {
        // Twice: what the first one has finalized goes with the second.
        System.gc();
        System.gc();
        List<String> lines = Files.readAllLines(Path.of("/proc/meminfo"));
        Map<String, Long> kernel = new TreeMap<>();
        KERNEL.forEach(part -> kernel.put(part, value(lines, part)));
        return new MachineMemory(
                value(lines, "MemAvailable"),
                kernel,
                value(lines, "Shmem"),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / KIBI,
                value(Files.readAllLines(Path.of("/proc/self/status")), "VmRSS"));
    }

    public long kernelSum() {
        return kernel.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Processes' proportional set size: memory that several share is counted to each in part. 0 for one that has ended. */
    public static long proportional(long pid) {
        return mapped(pid, "Pss");
    }

    /** Of it what is in no file: a process's own data. */
    public static long anonymous(long pid) {
        return mapped(pid, "Pss_Anon");
    }

    private static long mapped(long pid, String what) {
        try {
            return value(Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup")), what);
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    /** The number in a line {@code NAME: NUMBER kB}. */
    public static long value(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).replaceAll("[^0-9]", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }
}
