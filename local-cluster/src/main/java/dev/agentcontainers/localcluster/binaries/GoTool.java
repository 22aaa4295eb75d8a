package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.MissingPrerequisiteException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One executable that is built from the Go module which pins it.
 *
 * @param title for messages, for example {@code Helm}
 * @param folder of the module that pins it, and of the cache
 * @param module that has its code
 * @param goPackage of the executable
 * @param executable its name
 * @param versionVariable in which the linker writes its version
 */
record GoTool(String title, String folder, String module, String goPackage, String executable, String versionVariable)
        implements GoRecipe {

    String version() {
        return GoRecipe.required(moduleFiles(), folder + "/go.mod", module);
    }

    @Override
    public String description() {
        return title + " " + version();
    }

    @Override
    public String name() {
        return folder + "-" + version();
    }

    @Override
    public Map<String, String> moduleFiles() {
        return GoRecipe.resources(List.of(folder + "/go.mod", folder + "/go.sum"));
    }

    @Override
    public List<Step> steps() {
        return List.of(
                new Step(folder, goPackage, executable, version(), "-s -w -X " + versionVariable + "=" + version()));
    }

    /** Where it is, once it has been built. */
    Optional<Path> find(Map<String, String> environment) {
        return Optional.of(build(environment).path()).filter(this::isBuilt).map(built -> built.resolve(executable));
    }

    /**
     * Where it is; builds it where that hasn't been done yet (minutes), or waits for the process that does.
     *
     * @throws MissingPrerequisiteException where it isn't built yet and there is no Go toolchain
     */
    Path findOrBuild(Map<String, String> environment, Consumer<String> progress) {
        BuildFolder build = build(environment);
        if (!isBuilt(build.path())) {
            GoToolchain toolchain = GoToolchain.find(environment)
                    .filter(GoToolchain::isUsable)
                    .orElseThrow(() -> new MissingPrerequisiteException(
                            "%s is built with Go 1.%d or newer, and no go command was found: install one (https://go.dev/dl)"
                                    .formatted(description(), GoToolchain.SELF_UPDATING_MINOR)));
            build.build(toolchain, progress);
        }
        return build.path().resolve(executable);
    }

    private BuildFolder build(Map<String, String> environment) {
        return new BuildFolder(CacheFolder.of(environment).resolve(folder), this, Platform.current(), this::isBuilt);
    }

    private boolean isBuilt(Path built) {
        return Files.isExecutable(built.resolve(executable));
    }
}
