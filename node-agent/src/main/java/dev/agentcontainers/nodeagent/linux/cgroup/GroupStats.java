package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Mode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * What the kernel counts of one control group, children included, in either version. A file that is not there, ends while it is read or
 * says something else than expected leaves its field empty. Sources: cgroup-v2.rst, and cgroup-v1/cpuacct.rst, memory.rst and
 * pids.rst, all in the kernel's Documentation/admin-guide.
 *
 * @param cpuNanos processor time, in nanoseconds
 * @param cpuLimitMillis thousandths of a processor; empty without a limit
 * @param memoryBytes the working set as the kubelet counts it: usage less inactive file pages, and never less than nothing
 *     (setMemoryStats of github.com/google/cadvisor, container/libcontainer/handler.go)
 * @param memoryPeakBytes the most usage at a time since the group was made, with all file pages; version 2 has it from Linux 5.19 on
 * @param memoryLimitBytes empty without a limit
 * @param tasks processes and threads
 * @param taskLimit empty without a limit
 * @param outOfMemoryKills since the group was made
 */
public record GroupStats(
        OptionalLong cpuNanos,
        OptionalLong cpuLimitMillis,
        OptionalLong memoryBytes,
        OptionalLong memoryPeakBytes,
        OptionalLong memoryLimitBytes,
        OptionalLong tasks,
        OptionalLong taskLimit,
        OptionalLong outOfMemoryKills) {
    private static final String NO_LIMIT = "max";

    /** Version 1 says "no limit" by the largest whole number of pages; pages have 64 KiB at most. */
    private static final long NO_LIMIT_FROM = Long.MAX_VALUE - (64 << 10);

    /** @param group the group's directory in the hierarchy of a controller, where there is one */
    static GroupStats read(Mode mode, Function<String, Optional<Path>> group) {
        GroupFiles files = new GroupFiles(group);
        return mode == Mode.VERSION_2 ? version2(files) : version1(files);
    }

    private static GroupStats version2(GroupFiles files) {
        return new GroupStats(
                scaled(files.value("cpu", "cpu.stat", "usage_usec"), 1000, 1),
                cpuMax(files.text("cpu", "cpu.max")),
                workingSet(
                        files.number("memory", "memory.current"),
                        files.value("memory", "memory.stat", "inactive_file")),
                files.number("memory", "memory.peak"),
                files.number("memory", "memory.max"),
                files.number("pids", "pids.current"),
                files.number("pids", "pids.max"),
                outOfMemoryKills(Mode.VERSION_2, files));
    }

    private static GroupStats version1(GroupFiles files) {
        OptionalLong limit = files.number("memory", "memory.limit_in_bytes");
        return new GroupStats(
                files.number("cpuacct", "cpuacct.usage"),
                cpuLimit(files.number("cpu", LiveLimits.QUOTA), files.number("cpu", "cpu.cfs_period_us")),
                workingSet(
                        files.number("memory", "memory.usage_in_bytes"),
                        files.value("memory", "memory.stat", "total_inactive_file")),
                files.number("memory", "memory.max_usage_in_bytes"),
                limit.isPresent() && limit.getAsLong() >= NO_LIMIT_FROM ? OptionalLong.empty() : limit,
                files.number("pids", "pids.current"),
                files.number("pids", "pids.max"),
                outOfMemoryKills(Mode.VERSION_1, files));
    }

    /** Only how often the kernel killed a process of the group for its limit of memory. */
    static OptionalLong outOfMemoryKills(Mode mode, Function<String, Optional<Path>> group) {
        return outOfMemoryKills(mode, new GroupFiles(group));
    }

    private static OptionalLong outOfMemoryKills(Mode mode, GroupFiles files) {
        return files.value("memory", mode == Mode.VERSION_2 ? "memory.events" : "memory.oom_control", "oom_kill");
    }

    /** Both are needed: usage alone counts files that were read once. The two are not read at one instant. */
    private static OptionalLong workingSet(OptionalLong usage, OptionalLong inactiveFile) {
        return usage.isPresent() && inactiveFile.isPresent()
                ? OptionalLong.of(Math.max(0, usage.getAsLong() - inactiveFile.getAsLong()))
                : OptionalLong.empty();
    }

    /** {@code "QUOTA PERIOD"} or {@code "max PERIOD"}. */
    private static OptionalLong cpuMax(Optional<String> text) {
        String[] fields = text.orElse("").split(" ", -1);
        return fields.length == 2 ? cpuLimit(number(fields[0]), number(fields[1])) : OptionalLong.empty();
    }

    private static OptionalLong cpuLimit(OptionalLong quota, OptionalLong period) {
        return period.isPresent() && period.getAsLong() > 0
                ? scaled(quota, 1000, period.getAsLong())
                : OptionalLong.empty();
    }

    /** Version 1 has a quota of -1 where there is none. */
    private static OptionalLong scaled(OptionalLong number, long factor, long divisor) {
        return number.isPresent() && number.getAsLong() >= 0
                ? OptionalLong.of(number.getAsLong() * factor / divisor)
                : OptionalLong.empty();
    }

    private static OptionalLong number(String text) {
        if (text.equals(NO_LIMIT)) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(text));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** The files of the group. */
    private record GroupFiles(Function<String, Optional<Path>> group) {
        OptionalLong number(String controller, String file) {
            Optional<String> text = text(controller, file);
            return text.isPresent() ? GroupStats.number(text.get()) : OptionalLong.empty();
        }

        /** The number behind a key in a file with a key and a number on each line. */
        OptionalLong value(String controller, String file, String key) {
            return lines(controller, file).stream()
                    .filter(line -> line.startsWith(key + " "))
                    .map(line -> GroupStats.number(line.substring(key.length() + 1)))
                    .findFirst()
                    .orElse(OptionalLong.empty());
        }

        Optional<String> text(String controller, String file) {
            List<String> lines = lines(controller, file);
            return lines.size() == 1 ? Optional.of(lines.getFirst()) : Optional.empty();
        }

        private List<String> lines(String controller, String file) {
            Optional<Path> directory = group.apply(controller);
            if (directory.isEmpty()) {
                return List.of();
            }
            try {
                return Files.readString(directory.get().resolve(file), StandardCharsets.US_ASCII)
                        .lines()
                        .map(String::strip)
                        .toList();
            } catch (IOException e) {
                // Not counted by this kernel, or the group has just gone (ENODEV).
                return List.of();
            }
        }
    }
}
