package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.MachineMemory;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The proportional set size of processes that belong together, in KiB. */
final class ProcessMemory {
    private ProcessMemory() {}

    /** Of all that are in control groups of the sandbox's name. */
    static long of(SandboxId id) throws IOException {
        long sum = 0;
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes
                    .filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList()) {
                sum += isOf(process, id)
                        ? MachineMemory.proportional(
                                Long.parseLong(process.getFileName().toString()))
                        : 0;
            }
        }
        return sum;
    }

    /** Of a process and all that it has begun. */
    static long of(Process process) {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .mapToLong(each -> MachineMemory.proportional(each.pid()))
                .sum();
    }

    private static boolean isOf(Path process, SandboxId id) {
        try {
            return Files.readString(process.resolve("cgroup")).contains("/" + id.value());
        } catch (IOException e) {
            // It has ended meanwhile.
            return false;
        }
    }
}
