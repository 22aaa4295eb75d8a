package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies.Hierarchy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The control groups that this process is in, which its children begin in. Source: cgroups(7), {@code /proc/[pid]/cgroup}.
 *
 * @param lines {@code hierarchy-ID:controller-list:path} each
 */
record OwnGroups(List<String> lines) {
    OwnGroups {
        lines = List.copyOf(lines);
    }

    static OwnGroups ofThisProcess() throws IOException {
        return new OwnGroups(Files.readAllLines(Path.of("/proc/self/cgroup")));
    }

    /** Whether children are outside every group of that hierarchy; false where it can't be told which line is its. */
    boolean areRootOf(Hierarchy hierarchy) {
        return in(hierarchy).filter("/"::equals).isPresent();
    }

    /** Path of the group of that hierarchy, which may be one that is not seen from here ({@code /..}). */
    Optional<String> in(Hierarchy hierarchy) {
        return lines.stream()
                .map(line -> line.split(":", 3))
                .filter(fields -> fields.length == 3 && isOf(hierarchy, fields[1]))
                .map(fields -> fields[2])
                .findFirst();
    }

    private static boolean isOf(Hierarchy hierarchy, String controllers) {
        return hierarchy.version2()
                ? controllers.isEmpty()
                : Arrays.stream(controllers.split(",", -1)).anyMatch(hierarchy.controllers()::contains);
    }
}
