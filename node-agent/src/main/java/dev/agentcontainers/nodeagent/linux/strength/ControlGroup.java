package dev.agentcontainers.nodeagent.linux.strength;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What is in the control groups of a process. Sources: cgroups(7), proc_pid_cgroup(5). */
final class ControlGroup {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    private ControlGroup() {}

    /** Processes in the control groups of this one, itself included. */
    static int processesOf(long pid) throws IOException {
        byte[] groups = Files.readAllBytes(membership(pid));
        int found = 0;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                try {
                    if (Arrays.equals(groups, Files.readAllBytes(process.resolve("cgroup")))) {
                        found++;
                    }
                } catch (IOException e) {
                    // It has ended meanwhile.
                }
            }
        }
        return found;
    }

    /** Bytes that count for the limit of memory. */
    static long memoryOf(long pid) throws IOException {
        List<String> lines = Files.readAllLines(membership(pid), StandardCharsets.UTF_8);
        for (String line : lines) {
            // number:controllers:path
            String[] parts = line.split(":", 3);
            if (List.of(parts[1].split(",")).contains("memory")) {
                return number(ROOT.resolve("memory" + parts[2]).resolve("memory.usage_in_bytes"));
            }
        }
        for (String line : lines) {
            if (line.startsWith("0::")) {
                return number(ROOT.resolve("." + line.substring(3)).resolve("memory.current"));
            }
        }
        throw new IOException("process " + pid + " is in no control group for memory");
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }

    private static Path membership(long pid) {
        return Path.of("/proc/" + pid + "/cgroup");
    }
}
