package dev.agentcontainers.nodeagent.linux.cgroup;

import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The hierarchies of control groups that are mounted.
 *
 * @param mode who limits: version 2 alone, or version 1 (with a version 2 hierarchy beside it that has no part in it), or nobody
 * @param all every mounted hierarchy
 */
public record Hierarchies(Mode mode, List<Hierarchy> all) {
    /** Those of a process that has no part in the machine's control groups. */
    public static final Hierarchies NONE = new Hierarchies(Mode.NONE, List.of());

    private static final String ROOT = "/sys/fs/cgroup";
    private static final Set<String> CONTROLLERS =
            Set.of("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids");

    public enum Mode {
        VERSION_2,
        VERSION_1,
        HYBRID,
        NONE
    }

    /** @param controllers version 1 controllers of it; empty for version 2 and for a named hierarchy */
    public record Hierarchy(Path mountPoint, boolean version2, Set<String> controllers) {
        public Hierarchy {
            controllers = Set.copyOf(controllers);
        }
    }

    public Hierarchies {
        all = List.copyOf(all);
    }

    public static Hierarchies of(MountTable table) {
        List<Hierarchy> found = new ArrayList<>();
        for (MountTable.Entry mount : table.entries()) {
            if (mount.path().equals(ROOT) || mount.path().startsWith(ROOT + "/")) {
                if (mount.type().equals("cgroup2")) {
                    found.add(new Hierarchy(Path.of(mount.path()), true, Set.of()));
                } else if (mount.type().equals("cgroup")) {
                    Set<String> controllers = new TreeSet<>(mount.options());
                    controllers.retainAll(CONTROLLERS);
                    found.add(new Hierarchy(Path.of(mount.path()), false, controllers));
                }
            }
        }
        boolean anyVersion1 = found.stream().anyMatch(hierarchy -> !hierarchy.version2());
        boolean anyVersion2 = found.stream().anyMatch(Hierarchy::version2);
        Mode mode = anyVersion1 ? anyVersion2 ? Mode.HYBRID : Mode.VERSION_1 : Mode.VERSION_2;
        return new Hierarchies(mode, found);
    }

    /** The one that limits this resource. */
    public Optional<Hierarchy> of(String controller) {
        return all.stream()
                .filter(hierarchy -> mode == Mode.VERSION_2
                        ? hierarchy.version2()
                        : hierarchy.controllers().contains(controller))
                .findFirst();
    }

    /** The version 2 hierarchy. */
    public Optional<Hierarchy> unified() {
        return all.stream().filter(Hierarchy::version2).findFirst();
    }
}
