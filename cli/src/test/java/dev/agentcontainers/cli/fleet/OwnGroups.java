package dev.agentcontainers.cli.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A control group of one name in every hierarchy of this machine, for a process and whatever it starts, as a service
 * manager makes it for a service.
 */
record OwnGroups(List<Path> groups) implements AutoCloseable {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");
    private static final String PROCESSES = "cgroup.procs";

    /** Makes the groups and moves the process there, all its threads included. */
    static OwnGroups of(String name, ProcessHandle process) throws IOException {
        List<Path> groups =
                hierarchies().stream().map(hierarchy -> hierarchy.resolve(name)).toList();
        for (Path group : groups) {
            Files.createDirectory(group);
            inherit(group, "cpuset.cpus");
            inherit(group, "cpuset.mems");
            Files.writeString(group.resolve(PROCESSES), Long.toString(process.pid()));
        }
        return new OwnGroups(groups);
    }

    /** One of version 2, or those of version 1 and, where there is one, that of version 2 beside them. */
    private static List<Path> hierarchies() throws IOException {
        if (Files.exists(ROOT.resolve(PROCESSES))) {
            return List.of(ROOT);
        }
        try (Stream<Path> entries = Files.list(ROOT)) {
            return entries.filter(entry -> !Files.isSymbolicLink(entry) && Files.exists(entry.resolve(PROCESSES)))
                    .sorted()
                    .toList();
        }
    }

    /** A new group of version 1 takes no process before it has processors and memory nodes. Source: cpuset(7). */
    private static void inherit(Path group, String file) throws IOException {
        if (Files.exists(group.resolve(file))
                && Files.readString(group.resolve(file)).isBlank()) {
            Files.writeString(group.resolve(file), Files.readString(group.resolveSibling(file)));
        }
    }

    /** Kills every process in every one of the groups, as systemd does with KillMode=control-group. */
    void killAll() throws IOException {
        for (Path group : groups) {
            for (String pid : Files.readAllLines(group.resolve(PROCESSES))) {
                ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    @Override
    public void close() {
        // A group of version 1 takes a moment to become empty.
        groups.forEach(group -> Awaitility.await().ignoreExceptions().until(() -> {
            Files.deleteIfExists(group);
            return true;
        }));
    }
}
