package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A node's control groups: {@code <parent>/<sandbox id>} for agents, {@code <parent>-shims} for what supervises them,
 * outside the node agent's own group and every agent's limits. Source: the kernel's cgroup-v2 and cgroup-v1
 * documentation.
 */
public final class Cgroups {
    /** Period of the processor quota, in microseconds. */
    public static final long CPU_PERIOD = 100_000;

    private static final long LEAST_QUOTA = 1000;
    private static final Path MOUNTS = Path.of("/sys/fs/cgroup");
    private static final Path UNIFIED = MOUNTS.resolve("unified");
    private static final String OOM_KILLS = "oom_kill ";

    private final Layout layout;
    private final List<Path> hierarchies;
    private final String parent;

    /** How a machine's hierarchies are mounted. */
    public enum Layout {
        /** One hierarchy with all controllers. */
        UNIFIED,
        /** Controllers in hierarchies of their own, and a unified one without them beside. */
        HYBRID,
        /** Controllers in hierarchies of their own. */
        LEGACY
    }

    private Cgroups(Layout layout, List<Path> hierarchies, String parent) {
        this.layout = layout;
        this.hierarchies = List.copyOf(hierarchies);
        this.parent = parent;
    }

    /** @param parent name of the group that holds a node's sandboxes, for example {@code agentcontainers-node-1} */
    public static Cgroups find(MountTable mounts, String parent) {
        if (mounts.entries().contains(new MountTable.Entry(MOUNTS.toString(), "cgroup2"))) {
            return new Cgroups(Layout.UNIFIED, List.of(MOUNTS), parent);
        }
        List<Path> legacy = mounts.entries().stream()
                .filter(entry -> entry.kind().equals("cgroup") && entry.path().startsWith(MOUNTS + "/"))
                .map(entry -> Path.of(entry.path()))
                .distinct()
                .toList();
        if (mounts.entries().contains(new MountTable.Entry(UNIFIED.toString(), "cgroup2"))) {
            return new Cgroups(
                    Layout.HYBRID,
                    Stream.concat(legacy.stream(), Stream.of(UNIFIED)).toList(),
                    parent);
        }
        return new Cgroups(Layout.LEGACY, legacy, parent);
    }

    public Layout layout() {
        return layout;
    }

    /** Where the unified hierarchy is mounted beside the legacy ones, if it is. */
    public Optional<Path> unifiedBeside() {
        return layout == Layout.HYBRID ? Optional.of(UNIFIED) : Optional.empty();
    }

    /** The controllers that limits need and this machine lacks. */
    public List<String> missingControllers() {
        return Stream.of("cpu", "memory", "pids")
                .filter(name -> !hasController(name))
                .toList();
    }

    private boolean hasController(String name) {
        if (layout != Layout.UNIFIED) {
            return Files.isDirectory(MOUNTS.resolve(name));
        }
        try {
            return List.of(Files.readString(MOUNTS.resolve("cgroup.controllers"))
                            .strip()
                            .split(" "))
                    .contains(name);
        } catch (IOException e) {
            return false;
        }
    }

    /** The sandbox's group, as an OCI bundle names it. */
    public String pathOf(SandboxId id) {
        return "/" + parent + "/" + id;
    }

    /** Makes the shims' group in every hierarchy. */
    public List<Path> shimGroups() throws IOException {
        List<Path> groups = new ArrayList<>();
        for (Path hierarchy : hierarchies) {
            Path group = hierarchy.resolve(parent + "-shims");
            Files.createDirectories(group);
            inherit(hierarchy, group, "cpuset.cpus");
            inherit(hierarchy, group, "cpuset.mems");
            groups.add(group);
        }
        return groups;
    }

    /** A legacy cpuset takes no process before it has processors and memory nodes. */
    private static void inherit(Path hierarchy, Path group, String file) throws IOException {
        Path own = group.resolve(file);
        if (hierarchy.endsWith("cpuset")
                && Files.exists(own)
                && Files.readString(own).isBlank()) {
            Files.writeString(own, Files.readString(hierarchy.resolve(file)));
        }
    }

    /** How often the kernel has killed a process of the sandbox for its memory limit. */
    public long outOfMemoryKills(SandboxId id) {
        Path file = layout == Layout.UNIFIED
                ? MOUNTS.resolve(parent).resolve(id.value()).resolve("memory.events")
                : legacy("memory", id).resolve("memory.oom_control");
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(OOM_KILLS))
                    .mapToLong(line ->
                            Long.parseLong(line.substring(OOM_KILLS.length()).strip()))
                    .findFirst()
                    .orElse(0);
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    /** Changes the limits of a running sandbox. */
    public void update(SandboxId id, ResourceAmounts limits) throws IOException {
        if (layout == Layout.UNIFIED) {
            Path group = MOUNTS.resolve(parent).resolve(id.value());
            Files.writeString(group.resolve("memory.max"), text(limits.memoryBytes()));
            Files.writeString(group.resolve("pids.max"), text(limits.pids()));
            String quota = limits.cpuMillis().isPresent()
                    ? Long.toString(quota(limits.cpuMillis().getAsLong()))
                    : "max";
            Files.writeString(group.resolve("cpu.max"), quota + " " + CPU_PERIOD);
            return;
        }
        updateMemory(legacy("memory", id), limits.memoryBytes());
        Files.writeString(legacy("pids", id).resolve("pids.max"), text(limits.pids()));
        Files.writeString(
                legacy("cpu", id).resolve("cpu.cfs_quota_us"),
                limits.cpuMillis().isPresent()
                        ? Long.toString(quota(limits.cpuMillis().getAsLong()))
                        : "-1");
    }

    /** Memory plus swap may never be below memory, so the order depends on the direction. */
    private static void updateMemory(Path group, OptionalLong bytes) throws IOException {
        String value = bytes.isPresent() ? Long.toString(bytes.getAsLong()) : "-1";
        Path memory = group.resolve("memory.limit_in_bytes");
        Path withSwap = group.resolve("memory.memsw.limit_in_bytes");
        if (!Files.exists(withSwap)) {
            Files.writeString(memory, value);
            return;
        }
        long current = Long.parseLong(Files.readString(memory).strip());
        boolean grows = bytes.isEmpty() || bytes.getAsLong() > current;
        Files.writeString(grows ? withSwap : memory, value);
        Files.writeString(grows ? memory : withSwap, value);
    }

    /** Microseconds of processor time in each {@link #CPU_PERIOD}. */
    public static long quota(long cpuMillis) {
        return Math.max(cpuMillis * CPU_PERIOD / 1000, LEAST_QUOTA);
    }

    private Path legacy(String controller, SandboxId id) {
        return MOUNTS.resolve(controller).resolve(parent).resolve(id.value());
    }

    private static String text(OptionalLong amount) {
        return amount.isPresent() ? Long.toString(amount.getAsLong()) : "max";
    }

    /** Removes the sandbox's groups, which must be without processes. */
    public void remove(SandboxId id) throws IOException {
        for (Path hierarchy : hierarchies) {
            removeTree(hierarchy.resolve(parent).resolve(id.value()));
        }
    }

    /** Sandboxes of which a group is left. */
    public Set<String> left() throws IOException {
        Set<String> names = new HashSet<>();
        for (Path hierarchy : hierarchies) {
            try (Stream<Path> groups = Files.list(hierarchy.resolve(parent))) {
                groups.filter(Files::isDirectory)
                        .forEach(group -> names.add(group.getFileName().toString()));
            } catch (NoSuchFileException e) {
                continue;
            }
        }
        return names;
    }

    /** Removes the node's own groups, in which nothing may be left. */
    public void forget() throws IOException {
        for (Path hierarchy : hierarchies) {
            removeTree(hierarchy.resolve(parent));
            removeTree(hierarchy.resolve(parent + "-shims"));
        }
    }

    /** Only folders can and need be removed; the kernel's files go with them. */
    private static void removeTree(Path group) throws IOException {
        if (!Files.isDirectory(group)) {
            return;
        }
        List<Path> children;
        try (Stream<Path> entries = Files.list(group)) {
            children = entries.filter(Files::isDirectory).toList();
        }
        for (Path child : children) {
            removeTree(child);
        }
        try {
            Files.deleteIfExists(group);
        } catch (IOException e) {
            throw new IOException("the control group " + group + " can't be removed: it still holds processes", e);
        }
    }
}
