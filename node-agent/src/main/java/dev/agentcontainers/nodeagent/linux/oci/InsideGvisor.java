package dev.agentcontainers.nodeagent.linux.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that runsc has begun in a sandbox. It is none of the host's, and goes on when runsc ends, so that it is
 * looked up and killed by gVisor.
 *
 * @param pidFile in the sandbox's mount namespace: its pid in gVisor
 */
record InsideGvisor(RuntimeCommand command, SandboxFiles files, long shimPid, Path pidFile) {
    private static final Pattern ROW = Pattern.compile("\\d+\\s+(\\d+)\\s+(\\d+)\\s.*");

    /** It and all that descend from it. No effect where it was not begun, and where gVisor has ended. */
    void kill() {
        try {
            int first = Integer.parseInt(
                    Files.readString(SandboxFiles.through(shimPid, pidFile)).trim());
            String id = files.id().value();
            String all = command.output(files, shimPid, List.of("ps", id));
            for (int pid : tree(first, parents(all))) {
                killOne(pid);
            }
        } catch (NoSuchFileException e) {
            // Nothing has begun.
        } catch (IOException | NumberFormatException e) {
            // The agent has ended, and what was in it.
        }
    }

    /** Whether it was begun; not known any more once it is forgotten. */
    boolean hasBegun() {
        return Files.exists(SandboxFiles.through(shimPid, pidFile));
    }

    private void killOne(int pid) {
        try {
            command.run(
                    files,
                    shimPid,
                    List.of("kill", "--pid", Integer.toString(pid), files.id().value(), "KILL"));
        } catch (IOException e) {
            // It has ended meanwhile.
        }
    }

    /**
     * Each process's parent, of a table whose first columns are user, pid and parent; in JSON it has pids alone. Source:
     * gVisor, pkg/sentry/control/proc.go.
     */
    static Map<Integer, Integer> parents(String table) {
        Map<Integer, Integer> parents = new TreeMap<>();
        for (String line : table.lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                parents.put(Integer.valueOf(row.group(1)), Integer.valueOf(row.group(2)));
            }
        }
        return parents;
    }

    /** The parent before its children, so that it makes no more of them. */
    static List<Integer> tree(int first, Map<Integer, Integer> parents) {
        List<Integer> tree = new ArrayList<>();
        Deque<Integer> next = new ArrayDeque<>(List.of(first));
        while (!next.isEmpty()) {
            int parent = next.removeFirst();
            tree.add(parent);
            parents.forEach((pid, its) -> {
                if (its == parent) {
                    next.add(pid);
                }
            });
        }
        return tree;
    }

    void forget() throws IOException {
        Files.deleteIfExists(SandboxFiles.through(shimPid, pidFile));
    }
}
