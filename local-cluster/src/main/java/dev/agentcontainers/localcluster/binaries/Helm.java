package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The Helm command of the pinned version: kept apart from the control plane, which needs none. */
public final class Helm {
    private static final GoTool TOOL = new GoTool(
            "Helm",
            "helm",
            "helm.sh/helm/v4",
            "helm.sh/helm/v4/cmd/helm",
            "helm",
            "helm.sh/helm/v4/internal/version.version");

    private Helm() {}

    /**
     * The executable; builds it where that hasn't been done yet (minutes), or waits for the process that does.
     *
     * @throws MissingPrerequisiteException where it isn't built yet and there is no Go toolchain
     */
    public static Path findOrBuild(Map<String, String> environment, Consumer<String> progress) {
        return TOOL.findOrBuild(environment, progress);
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
}
