package dev.agentcontainers.localcluster.binaries;

import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where the executables of one recipe are kept for one platform. A folder that is there is complete: it
 * is built beside and renamed.
 */
final class BuildFolder {

    private static final String DRAFT_PREFIX = ".building-";

    private final Path root;
    private final GoRecipe recipe;
    private final String key;
    private final Predicate<Path> complete;

    /**
     * @param root the parent of such folders
     * @param complete whether a folder holds all that the recipe makes
     */
    BuildFolder(Path root, GoRecipe recipe, Platform platform, Predicate<Path> complete) {
        this.root = root;
        this.recipe = recipe;
        this.key = recipe.key(platform);
        this.complete = complete;
    }

    Path path() {
        return root.resolve(key);
    }

    /** Builds, or waits for the process that does; nothing where it is done. */
    void build(GoToolchain toolchain, Consumer<String> progress) {
        Path lockFile = root.resolve("." + key + ".lock");
        Runnable onWait = () ->
                progress.accept("waiting for another process that builds the binaries (it holds " + lockFile + ")");
        try (FolderLock lock = FolderLock.acquire(lockFile, onWait)) {
            if (!complete.test(path())) {
                buildAlone(toolchain, progress);
            }
        }
    }

    private void buildAlone(GoToolchain toolchain, Consumer<String> progress) {
        progress.accept("building %s with %s, once, into %s; this takes minutes"
                .formatted(recipe.description(), toolchain, path()));
        try {
            removeDrafts(); // the lock is ours, so these are of builds that were interrupted
            Path draft = Files.createTempDirectory(root, DRAFT_PREFIX + key + "-");
            try {
                Path output = new GoBuild(toolchain, recipe, draft, progress).run();
                FileTrees.delete(path());
                Files.move(output, path(), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                FileTrees.delete(draft);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot build the binaries in " + root, e);
        }
        progress.accept("built the binaries");
    }

    private void removeDrafts() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            for (Path entry : entries.toList()) {
                if (entry.getFileName().toString().startsWith(DRAFT_PREFIX + key)) {
                    FileTrees.delete(entry);
                }
            }
        }
    }
}
