package dev.agentcontainers.localcluster.binaries;

import java.util.List;
import java.util.Map;

/**
 * What gVisor's runtime is built from: its branch of generated Go code, which the module proxy serves.
 *
 * @param version of that branch, for example {@code v0.0.0-20260905035102-160fafc42237}
 */
record GvisorRecipe(String version, Map<String, String> moduleFiles) implements GoRecipe {

    static final String EXECUTABLE = "runsc";

    GvisorRecipe {
        moduleFiles = Map.copyOf(moduleFiles);
    }

    /** The recipe that comes with this module. */
    static GvisorRecipe pinned() {
        Map<String, String> files = GoRecipe.resources(List.of("gvisor/go.mod", "gvisor/go.sum"));
        return new GvisorRecipe(GoRecipe.required(files, "gvisor/go.mod", "gvisor.dev/gvisor"), files);
    }

    @Override
    public String description() {
        return "gVisor " + version;
    }

    @Override
    public String name() {
        return "gvisor-" + version;
    }

    @Override
    public List<Step> steps() {
        return List.of(new Step(
                "gvisor",
                "gvisor.dev/gvisor/runsc",
                EXECUTABLE,
                version,
                "-s -w -X gvisor.dev/gvisor/runsc/version.version=" + version));
    }
}
