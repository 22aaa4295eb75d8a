package dev.agentcontainers.nodeagent.linux.rootfs;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Finds sockets and pipes of the host below shown paths. Whoever can see one can talk through it to the program behind
 * it, past every fence: a read-only mount does not keep anybody from connecting to a socket that its permissions open.
 * Looks in the background and again from time to time; what it has found is at hand at once. Not looked at is what
 * packages own ({@code /usr} without {@code /usr/local}), where no program may make any. Thread-safe.
 */
public final class SpecialFiles {
    private static final List<String> OF_PACKAGES =
            List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32");
    private static final String LOCAL = "/usr/local";
    private static final Duration FRESH = Duration.ofMinutes(5);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<String> roots;
    private @Nullable CompletableFuture<List<String>> last;
    private @Nullable CompletableFuture<List<String>> next;
    private long begunAt;

    /** @param shown paths that are shown */
    public SpecialFiles(List<String> shown) {
        List<String> looked = new ArrayList<>(shown);
        looked.removeAll(OF_PACKAGES);
        if (shown.contains("/usr")) {
            looked.add(LOCAL);
        }
        this.roots = List.copyOf(looked);
    }

    /**
     * What was found when it was looked last. Waits only for the first time.
     *
     * @throws IOException where it could not be looked
     */
    public List<String> found() throws IOException, InterruptedException {
        try {
            return current().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException("sockets below " + roots + " can't be looked for: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "looking for sockets below " + roots + " takes more than " + PATIENCE.toSeconds() + " s", e);
        }
    }

    private synchronized CompletableFuture<List<String>> current() {
        CompletableFuture<List<String>> done = next;
        if (done != null && done.isDone()) {
            last = done;
            next = null;
        }
        boolean stale = System.nanoTime() - begunAt > FRESH.toNanos();
        if (next == null && (last == null || last.isCompletedExceptionally() || stale)) {
            begunAt = System.nanoTime();
            next = look();
        }
        CompletableFuture<List<String>> known = last;
        return known != null && !known.isCompletedExceptionally() ? known : Objects.requireNonNull(next);
    }

    private CompletableFuture<List<String>> look() {
        CompletableFuture<List<String>> found = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .name("special files")
                .priority(Thread.MIN_PRIORITY)
                .start(() -> {
                    try {
                        found.complete(below(roots, MountTable.ofThisThread()));
                    } catch (IOException | RuntimeException e) {
                        found.completeExceptionally(e);
                    }
                });
        return found;
    }

    static List<String> below(List<String> roots, MountTable table) throws IOException {
        List<String> found = new ArrayList<>();
        for (String root : roots) {
            if (Files.isDirectory(Path.of(root), LinkOption.NOFOLLOW_LINKS)) {
                Files.walkFileTree(Path.of(root), new Search(table, found));
            }
        }
        return List.copyOf(found);
    }

    private record Search(MountTable table, List<String> found) implements FileVisitor<Path> {
        /** Only where agents can follow: not into closed directories, nor into mounts that they are not shown. */
        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
            boolean foreign = table.at(directory.toString())
                    .filter(mount -> !HostRoot.LOCAL_FILESYSTEMS.contains(mount.type()))
                    .isPresent();
            return foreign || !allows(directory, PosixFilePermission.OTHERS_EXECUTE)
                    ? FileVisitResult.SKIP_SUBTREE
                    : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isOther()) {
                found.add(file.toString());
            }
            return FileVisitResult.CONTINUE;
        }

        /** Gone meanwhile, or unreadable even for root: then agents can't read it either. */
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) {
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) {
            return FileVisitResult.CONTINUE;
        }

        private static boolean allows(Path path, PosixFilePermission permission) {
            try {
                Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
                return permissions.contains(permission);
            } catch (IOException e) {
                return false;
            }
        }
    }
}
