package dev.agentcontainers.cli.machine;

import dev.agentcontainers.nodeagent.platform.NodeSettings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds what there is of a node agent on a Linux machine by looking at the machine, not by asking what made it: so it also
 * finds what a removal has left. Files are not looked at.
 */
final class NodeTraces {
    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final Path CONTROL_GROUPS = Path.of("/sys/fs/cgroup");
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path BLOCK_DEVICES = Path.of("/sys/block");
    private static final int MOUNT_POINT = 4;

    private final NodeSettings settings;
    private final Set<Path> others;

    /** @param others what belongs to others in the node's folders */
    NodeTraces(NodeSettings settings, Set<Path> others) {
        this.settings = settings;
        this.others = Set.copyOf(others);
    }

    /** Each trace as a line for people, in the order in which they go. */
    Set<String> find() {
        Set<String> found = new LinkedHashSet<>();
        List<Path> groups = controlGroups();
        groups.forEach(group -> processes(group).forEach(process -> found.add("process " + process)));
        names(NAMESPACES, "agentfence-" + settings.name())
                .forEach(namespace -> found.add("network namespace " + namespace.getFileName()));
        lines(MOUNTS).stream()
                .map(line -> line.split(" ", -1)[MOUNT_POINT])
                .filter(this::isOurs)
                .forEach(mount -> found.add("mount " + mount));
        loopDevices().forEach(device -> found.add("loop device " + device));
        groups.forEach(group -> found.add("control group " + group));
        return found;
    }

    private boolean isOurs(String path) {
        return Stream.of(settings.stateDirectory(), settings.runDirectory()).anyMatch(Path.of(path)::startsWith)
                && others.stream().noneMatch(Path.of(path)::startsWith);
    }

    /** The node's own in every hierarchy, the unified one included. */
    private List<Path> controlGroups() {
        List<Path> groups = new ArrayList<>(names(CONTROL_GROUPS, "agentcontainers-" + settings.name()));
        for (Path hierarchy : names(CONTROL_GROUPS, "*")) {
            groups.addAll(names(hierarchy, "agentcontainers-" + settings.name()));
        }
        return groups;
    }

    private static List<String> processes(Path group) {
        try (Stream<Path> below = Files.walk(group)) {
            return below.filter(path -> path.endsWith("cgroup.procs"))
                    .flatMap(file -> lines(file).stream())
                    .map(pid -> pid + " (" + String.join("", lines(Path.of("/proc", pid, "comm"))) + ")")
                    .toList();
        } catch (IOException | java.io.UncheckedIOException e) {
            return List.of(); // it went meanwhile
        }
    }

    private List<String> loopDevices() {
        return names(BLOCK_DEVICES, "loop*").stream()
                .filter(device ->
                        lines(device.resolve("loop/backing_file")).stream().anyMatch(this::isOurs))
                .map(device -> "/dev/" + device.getFileName())
                .toList();
    }

    private static List<Path> names(Path folder, String pattern) {
        List<Path> names = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(folder, pattern)) {
            children.forEach(names::add);
        } catch (IOException e) {
            return names;
        }
        names.sort(null);
        return names;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
