package dev.agentcontainers.cli.fleet;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where a local fleet keeps its files.
 *
 * @param home the fleet's folder; everything that must outlive a command is below it
 * @param run folder for what may vanish with a reboot
 */
public record FleetLayout(Path home, Path run) {
    /** The one of this user and environment. */
    public static FleetLayout ofThisMachine() {
        return of(System.getenv(), System.getProperty("user.name"), Path.of(System.getProperty("user.home")));
    }

    /** {@code AGENTCTL_HOME}, else a folder of root's or of the user's state. */
    public static FleetLayout of(Map<String, String> environment, String user, Path userHome) {
        String configured = environment.get("AGENTCTL_HOME");
        if (configured != null && !configured.isEmpty()) {
            Path home = Path.of(configured).toAbsolutePath().normalize();
            // Beside it, not below: the home is private, and agents' own users must be able to pass the run folder.
            return new FleetLayout(home, home.resolveSibling(home.getFileName() + "-run"));
        }
        if (user.equals("root")) {
            return new FleetLayout(Path.of("/var/lib/agentcontainers/local"), Path.of("/run/agentcontainers/local"));
        }
        String state = environment.getOrDefault("XDG_STATE_HOME", "");
        Path base = state.isEmpty() ? userHome.resolve(".local/state") : Path.of(state);
        Path home = base.resolve("agentcontainers/local");
        return new FleetLayout(home, home.resolve("run"));
    }

    public Path controlPlane() {
        return home.resolve("control-plane");
    }

    /** The administrator's kubeconfig, copied here so that its path never changes. */
    public Path kubeconfig() {
        return home.resolve("kubeconfig");
    }

    public Path operator() {
        return home.resolve("operator");
    }

    public Path nodes() {
        return home.resolve("nodes");
    }

    public Path node(String name) {
        return nodes().resolve(name);
    }

    /** What that node agent keeps of its own. */
    public Path nodeState(String name) {
        return node(name).resolve("state");
    }

    public Path nodeRun(String name) {
        return run.resolve(name);
    }

    /** Held by the command that works on the fleet; beside the home, which may be deleted. */
    public Path lock() {
        return home.resolveSibling(home.getFileName() + ".lock");
    }

    /** Folders above the fleet's own that may be there for it alone: removed with it where they are empty. */
    List<Path> sharedFolders() {
        return Stream.of(home, run)
                .map(Path::getParent)
                .filter(parent -> parent != null && parent.endsWith("agentcontainers"))
                .distinct()
                .toList();
    }
}
