package dev.agentcontainers.localcluster.binaries;

import java.util.List;
import java.util.Map;

/**
 * What Helm is built from.
 *
 * @param version for example {@code v4.3.1}
 */
record HelmRecipe(String version, Map<String, String> moduleFiles) implements GoRecipe {

    static final String EXECUTABLE = "helm";

    HelmRecipe {
        moduleFiles = Map.copyOf(moduleFiles);
    }

    /** The recipe that comes with this module. */
    static HelmRecipe pinned() {
        Map<String, String> files = GoRecipe.resources(List.of("helm/go.mod", "helm/go.sum"));
        return new HelmRecipe(GoRecipe.required(files, "helm/go.mod", "helm.sh/helm/v4"), files);
    }

    @Override
    public String description() {
        return "Helm " + version;
    }

    @Override
    public String name() {
        return "helm-" + version;
    }

    @Override
    public List<Step> steps() {
        return List.of(new Step(
                "helm",
                "helm.sh/helm/v4/cmd/helm",
                EXECUTABLE,
                version,
                "-s -w -X helm.sh/helm/v4/internal/version.version=" + version));
    }
}
