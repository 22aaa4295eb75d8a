package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * runsc, the runtime of gVisor, of the pinned version: for tests and benchmarks of the node agent. Built from gVisor's branch of
 * generated Go code, which the module proxy serves.
 */
public final class Gvisor {
    private static final GoTool TOOL = new GoTool(
            "gVisor",
            "gvisor",
            "gvisor.dev/gvisor",
            "gvisor.dev/gvisor/runsc",
            "runsc",
            "gvisor.dev/gvisor/runsc/version.version");

    private Gvisor() {}

    /** For example {@code v0.0.0-20260905035102-160fafc42237}. */
    static String version() {
        return TOOL.version();
    }

    /** The executable, where it has been built. */
    public static Optional<Path> find(Map<String, String> environment) {
        return TOOL.find(environment);
    }

    /**
     * The executable; builds it where that hasn't been done yet (minutes), or waits for the process that does.
     *
     * @throws MissingPrerequisiteException where it isn't built yet and there is no Go toolchain
     */
    public static Path findOrBuild(Map<String, String> environment, Consumer<String> progress) {
        return TOOL.findOrBuild(environment, progress);
    }
}
