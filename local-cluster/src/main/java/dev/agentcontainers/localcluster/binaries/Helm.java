package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The Helm command of the pinned version: kept apart from the control plane, which needs none. */
public final class Helm {

    private Helm() {}

    /**
     * The executable; builds it where that hasn't been done yet (minutes), or waits for the process that does.
     *
     * @throws MissingPrerequisiteException where it isn't built yet and there is no Go toolchain
     */
    public static Path findOrBuild(Map<String, String> environment, Consumer<String> progress) {
        HelmRecipe recipe = HelmRecipe.pinned();
        BuildFolder folder =
                new BuildFolder(CacheFolder.of(environment).resolve("helm"), recipe, Platform.current(), Helm::isBuilt);
        if (!isBuilt(folder.path())) {
            GoToolchain toolchain = GoToolchain.find(environment)
                    .filter(GoToolchain::isUsable)
                    .orElseThrow(() -> new MissingPrerequisiteException(
                            "%s is built with Go 1.%d or newer, and no go command was found: install one (https://go.dev/dl)"
                                    .formatted(recipe.description(), GoToolchain.SELF_UPDATING_MINOR)));
            folder.build(toolchain, progress);
        }
        return folder.path().resolve(HelmRecipe.EXECUTABLE);
    }

    /**
     * The command for a cluster, with nothing of this user's own configuration.
     *
     * @param kubeconfig of the cluster; a file that isn't there for what Helm does without one
     * @param scratch a folder for what Helm keeps
     */
    public static ExternalProgram command(Path executable, Path kubeconfig, Path scratch) {
        String folder = scratch.toString();
        return new ExternalProgram(
                executable,
                List.of(),
                Map.of(
                        "KUBECONFIG", kubeconfig.toString(),
                        "HELM_CACHE_HOME", folder,
                        "HELM_CONFIG_HOME", folder,
                        "HELM_DATA_HOME", folder));
    }

    private static boolean isBuilt(Path folder) {
        return Files.isExecutable(folder.resolve(HelmRecipe.EXECUTABLE));
    }
}
