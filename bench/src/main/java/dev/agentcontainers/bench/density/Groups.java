package dev.agentcontainers.bench.density;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What is in the control groups below one path, in every hierarchy. */
record Groups(String parent) {
    private static final String SHIM = "conmon";

    /** Of all hierarchies together. */
    long count() throws IOException {
        long count = 0;
        for (Hierarchy hierarchy : hierarchies()) {
            count += below(hierarchy).size();
        }
        return count;
    }

    /** Processes that supervise agents, by their program's name: agents' own are in the same groups where those only tell who belongs. */
    Set<Long> shims() throws IOException {
        Set<Long> shims = new TreeSet<>();
        for (long process : processes()) {
            if (isShim(process)) {
                shims.add(process);
            }
        }
        return shims;
    }

    /** All others. */
    Set<Long> agents() throws IOException {
        Set<Long> agents = processes();
        agents.removeAll(shims());
        return agents;
    }

    private static boolean isShim(long process) {
        try {
            return Files.readAllLines(Path.of("/proc/" + process + "/comm"))
                    .getFirst()
                    .equals(SHIM);
        } catch (IOException e) {
            // It has ended.
            return false;
        }
    }

    Set<Long> processes() throws IOException {
        Set<Long> found = new TreeSet<>();
        for (Hierarchy hierarchy : hierarchies()) {
            for (Path group : below(hierarchy)) {
                found.addAll(pids(group));
            }
        }
        return found;
    }

    private static List<Long> pids(Path group) throws IOException {
        try {
            return Files.readAllLines(group.resolve("cgroup.procs")).stream()
                    .map(Long::valueOf)
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** What the kernel counts for the agents, in KiB: their processes' pages, files that they opened first, its own for them. */
    Charged charged() throws IOException {
        Hierarchies all = Hierarchies.of(MountTable.ofThisThread());
        Hierarchy memory = all.of("memory").orElseThrow(() -> new IOException("no memory controller is mounted"));
        Path group = Path.of(memory.mountPoint() + parent);
        if (memory.version2()) {
            return new Charged(number(group.resolve("memory.current")), 0);
        }
        return new Charged(
                number(group.resolve("memory.usage_in_bytes")), number(group.resolve("memory.kmem.usage_in_bytes")));
    }

    /**
     * @param all in KiB
     * @param kernel of it the kernel's own; 0 where that is not told
     */
    record Charged(long all, long kernel) {}

    private static long number(Path file) throws IOException {
        return Files.exists(file)
                ? Long.parseLong(Files.readAllLines(file).getFirst().trim()) / 1024
                : 0;
    }

    private static List<Hierarchy> hierarchies() throws IOException {
        return Hierarchies.of(MountTable.ofThisThread()).all();
    }

    /** With the group itself. */
    private List<Path> below(Hierarchy hierarchy) throws IOException {
        Path top = Path.of(hierarchy.mountPoint() + parent);
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(top)) {
            collect(top, found);
        }
        return found;
    }

    private static void collect(Path group, List<Path> found) throws IOException {
        found.add(group);
        List<Path> children;
        try (Stream<Path> entries = Files.list(group)) {
            children = entries.filter(Files::isDirectory).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path child : children) {
            collect(child, found);
        }
    }
}
