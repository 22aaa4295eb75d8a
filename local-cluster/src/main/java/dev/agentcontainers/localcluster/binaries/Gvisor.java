package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** runsc, the runtime of gVisor, of the pinned version: for tests and benchmarks of the node agent. */
public final class Gvisor {

    private Gvisor() {}

    /** The executable, where it has been built. */
    public static Optional<Path> find(Map<String, String> environment) {
        return Optional.of(folder(environment).path())
                .filter(Gvisor::isBuilt)
                .map(folder -> folder.resolve(GvisorRecipe.EXECUTABLE));
    }

    /**
     * The executable; builds it where that hasn't been done yet (minutes), or waits for the process that does.
     *
     * @throws MissingPrerequisiteException where it isn't built yet and there is no Go toolchain
     */
    public static Path findOrBuild(Map<String, String> environment, Consumer<String> progress) {
        BuildFolder folder = folder(environment);
        if (!isBuilt(folder.path())) {
            GoToolchain toolchain = GoToolchain.find(environment)
                    .filter(GoToolchain::isUsable)
                    .orElseThrow(() -> new MissingPrerequisiteException(
                            "%s is built with Go 1.%d or newer, and no go command was found: install one (https://go.dev/dl)"
                                    .formatted(GvisorRecipe.pinned().description(), GoToolchain.SELF_UPDATING_MINOR)));
            folder.build(toolchain, progress);
        }
        return folder.path().resolve(GvisorRecipe.EXECUTABLE);
    }

    private static BuildFolder folder(Map<String, String> environment) {
        return new BuildFolder(
                CacheFolder.of(environment).resolve("gvisor"),
                GvisorRecipe.pinned(),
                Platform.current(),
                Gvisor::isBuilt);
    }

    private static boolean isBuilt(Path folder) {
        return Files.isExecutable(folder.resolve(GvisorRecipe.EXECUTABLE));
    }
}
