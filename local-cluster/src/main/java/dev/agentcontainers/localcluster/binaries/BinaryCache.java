package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Built binaries, kept outside the checkout in a folder for each recipe and platform. A folder that is
 * there is complete: it is built beside and renamed.
 */
public final class BinaryCache {

    private static final String DRAFT_PREFIX = ".building-";

    private final Path root;
    private final BinaryRecipe recipe;
    private final Platform platform;

    /**
     * @param cacheFolder the project's cache folder ({@link CacheFolder})
     */
    public BinaryCache(Path cacheFolder, BinaryRecipe recipe, Platform platform) {
        this.root = cacheFolder.resolve("control-plane");
        this.recipe = recipe;
        this.platform = platform;
    }

    /** The cache that the environment's variables name, for this machine and the pinned recipe. */
    public static BinaryCache of(Map<String, String> environment) {
        return new BinaryCache(CacheFolder.of(environment), BinaryRecipe.pinned(), Platform.current());
    }

    /** Where the binaries are, or will be. */
    public Path folder() {
        return root.resolve(recipe.key(platform));
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
            Path lockFile = root.resolve("." + recipe.key(platform) + ".lock");
            Runnable onWait = () ->
                    progress.accept("waiting for another process that builds the binaries (it holds " + lockFile + ")");
            try (FolderLock _ = FolderLock.acquire(lockFile, onWait)) {
                return find().orElseGet(() -> build(toolchain, progress));
            }
        });
    }

    private ControlPlaneBinaries build(GoToolchain toolchain, Consumer<String> progress) {
        progress.accept("building Kubernetes %s and etcd %s with %s, once, into %s; this takes minutes"
                .formatted(recipe.kubernetesVersion(), recipe.etcdVersion(), toolchain, folder()));
        try {
            removeDrafts(); // the lock is ours, so these are of builds that were interrupted
            Path draft = Files.createTempDirectory(root, DRAFT_PREFIX + recipe.key(platform) + "-");
            try {
                Path output = new GoBuild(toolchain, recipe, draft, progress).run();
                FileTrees.delete(folder());
                Files.move(output, folder(), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                FileTrees.delete(draft);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot build the binaries in " + root, e);
        }
        progress.accept("built the binaries");
        return new ControlPlaneBinaries(folder());
    }

    private void removeDrafts() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            for (Path entry : entries.toList()) {
                if (entry.getFileName().toString().startsWith(DRAFT_PREFIX + recipe.key(platform))) {
                    FileTrees.delete(entry);
                }
            }
        }
    }
}
