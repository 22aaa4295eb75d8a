package dev.agentcontainers.localcluster.binaries;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** The control plane's built binaries, kept outside the checkout in a folder for each recipe and platform. */
public final class BinaryCache {

    private final BuildFolder builds;
    private final BinaryRecipe recipe;

    /**
     * @param cacheFolder the project's cache folder ({@link CacheFolder})
     */
    public BinaryCache(Path cacheFolder, BinaryRecipe recipe, Platform platform) {
        this.builds = new BuildFolder(
                cacheFolder.resolve("control-plane"),
                recipe,
                platform,
                path -> new ControlPlaneBinaries(path).missing().isEmpty());
        this.recipe = recipe;
    }

    /** The cache that the environment's variables name, for this machine and the pinned recipe. */
    public static BinaryCache of(Map<String, String> environment) {
        return new BinaryCache(CacheFolder.of(environment), BinaryRecipe.pinned(), Platform.current());
    }

    /** Where the binaries are, or will be. */
    public Path folder() {
        return builds.path();
    }

    public BinaryRecipe recipe() {
        return recipe;
    }

    /** The binaries, where they have been built. */
    public Optional<ControlPlaneBinaries> find() {
        return Optional.of(new ControlPlaneBinaries(folder()))
                .filter(binaries -> binaries.missing().isEmpty());
    }

    /** The binaries; builds them where they are missing, or waits for the process that does. */
    public ControlPlaneBinaries findOrBuild(GoToolchain toolchain, Consumer<String> progress) {
        return find().orElseGet(() -> {
            builds.build(toolchain, progress);
            return new ControlPlaneBinaries(folder());
        });
    }
}
