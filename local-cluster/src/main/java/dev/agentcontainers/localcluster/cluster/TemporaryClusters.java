package dev.agentcontainers.localcluster.cluster;

import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneFailedException;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.binaries.ControlPlaneBinaries;
import dev.agentcontainers.localcluster.certificates.PrivateFiles;
import dev.agentcontainers.localcluster.process.ChildLauncher.Lifetime;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.localcluster.process.FolderLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Clusters that end with this JVM. Each has a folder whose lock its JVM holds; where the lock is free the
 * JVM is dead, and the next start removes what it left.
 */
public final class TemporaryClusters {

    private static final String PREFIX = "cluster-";
    private static final int ATTEMPTS = 3;

    private final Path root;

    /**
     * @param cacheFolder the project's cache folder
     */
    public TemporaryClusters(Path cacheFolder) {
        this.root = cacheFolder.resolve("temporary-clusters");
    }

    /** Starts a cluster; closing it, or the end of this JVM, stops it and deletes its data. */
    public ControlPlane start(ControlPlaneBinaries binaries, ControlPlaneOptions options) {
        Claim claim = claim();
        AtomicBoolean closed = new AtomicBoolean();
        Runnable close = () -> {
            if (closed.compareAndSet(false, true)) {
                claim.remove();
            }
        };
        Thread hook = new Thread(close, "temporary-cluster-end");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            ClusterSettings settings = start(claim.folder(), binaries, options);
            return new LocalControlPlane(claim.folder(), settings, () -> {
                close.run();
                forget(hook);
            });
        } catch (RuntimeException e) {
            close.run();
            forget(hook);
            throw e;
        }
    }

    private static ClusterSettings start(
            ClusterFolder folder, ControlPlaneBinaries binaries, ControlPlaneOptions options) {
        for (int attempt = 1; ; attempt++) {
            ClusterSettings settings = ClusterSettings.create(binaries.folder(), options);
            try {
                new ClusterProcesses(folder).start(settings, Lifetime.WITH_THIS_JVM);
                return settings;
            } catch (ControlPlaneFailedException e) {
                // Another process took a port between our look and our start; take others.
                if (attempt == ATTEMPTS || !String.valueOf(e.getMessage()).contains("address already in use")) {
                    throw e;
                }
                FileTrees.delete(folder.etcdData());
            }
        }
    }

    /** Removes what JVMs that were killed have left. */
    public void sweep() {
        try (FolderLock _ = lock()) {
            sweepLocked();
        }
    }

    /** A folder and the lock that says that its JVM lives. */
    private record Claim(ClusterFolder folder, FolderLock lock) {

        void remove() {
            new ClusterProcesses(folder).kill();
            FileTrees.delete(folder.root());
            lock.close();
        }
    }

    private Claim claim() {
        try (FolderLock _ = lock()) {
            sweepLocked();
            Path path = Files.createTempDirectory(root, PREFIX);
            return claim(path).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder in " + root, e);
        }
    }

    private static Optional<Claim> claim(Path path) {
        ClusterFolder folder = new ClusterFolder(path);
        return FolderLock.tryAcquire(folder.lock()).map(lock -> new Claim(folder, lock));
    }

    private FolderLock lock() {
        PrivateFiles.createFolder(root);
        return FolderLock.acquire(root.resolve(".lock"), () -> {});
    }

    private void sweepLocked() {
        for (Path path : folders()) {
            claim(path).ifPresent(Claim::remove);
        }
    }

    private List<Path> folders() {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(path -> path.getFileName().toString().startsWith(PREFIX))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + root, e);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook runs, and finds nothing to do.
        }
    }
}
