package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Authorities that belong to no agent yet, each in a folder of its own beside those of agents, so that to give one to an agent is one
 * rename. This process alone knows which it has: what is in the folders is never read, and what processes that are gone have left is
 * removed. Thread-safe.
 */
final class Stock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Stock.class);
    private static final int SIZE = 8;
    /** Before each that is made again: starts that are under way come first. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

    /** No agent's name begins so. */
    private static final String NOBODYS = "_";
    /** What of that is this process's. */
    private static final String RUN = NOBODYS + UUID.randomUUID() + "-";

    private static final String TRUST = "trust";

    private final Path folder;
    private final MachineRoots roots;
    private final Clock clock;
    private final Queue<Ready> ready = new ConcurrentLinkedQueue<>();
    private final ThreadPoolExecutor background;
    private volatile boolean expecting;

    /** @param folder made when it is needed */
    Stock(Path folder, MachineRoots roots, Clock clock) {
        this.folder = folder;
        this.roots = roots;
        this.clock = clock;
        this.background = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(1),
                Thread.ofPlatform()
                        .daemon()
                        .name("agents' authorities")
                        .priority(Thread.MIN_PRIORITY)
                        .factory(),
                new ThreadPoolExecutor.DiscardPolicy());
        background.allowCoreThreadTimeOut(true);
    }

    /**
     * One in its folder.
     *
     * @param roots that its agent would see
     */
    record Ready(Path folder, AgentAuthority authority, Roots roots) {
        /** Becomes that folder, which must not be there, with those roots. */
        void become(Path its, Roots now) throws IOException {
            if (!roots.isSame(now)) {
                TrustFolder.write(trust(folder), authority, now);
            }
            Files.move(folder, its, StandardCopyOption.ATOMIC_MOVE);
        }

        /** Removes it; what keeps it from that is told by the reason. */
        void abandon(Exception reason) {
            Stock.abandon(folder, reason);
        }
    }

    /** What of an agent's folder the agent sees. */
    static Path trust(Path its) {
        return its.resolve(TRUST);
    }

    /** Has some made, from now on. */
    void expect() {
        expecting = true;
        background.execute(() -> {
            clear();
            fill(0);
        });
    }

    /** One that was made ahead. */
    Optional<Ready> take() {
        Optional<Ready> taken = Optional.ofNullable(ready.poll());
        if (expecting) {
            background.execute(() -> fill(PAUSE));
        }
        return taken;
    }

    Ready make(Roots now) throws IOException {
        AgentAuthority authority = AgentAuthority.create(clock);
        makePrivate(folder);
        Path its = own();
        try {
            makePrivate(its);
            // Not forced to the disk: no agent outlives a loss of power, and a start that finds a key that is lost
            // makes another.
            authority.write(its);
            TrustFolder.write(trust(its), authority, now);
            return new Ready(its, authority, now);
        } catch (IOException | RuntimeException e) {
            abandon(its, e);
            throw e;
        }
    }

    /** @param pause before the first, in nanoseconds */
    private void fill(long pause) {
        try {
            LockSupport.parkNanos(pause);
            while (ready.size() < SIZE && !background.isShutdown()) {
                ready.add(make(roots.now()));
                LockSupport.parkNanos(PAUSE);
            }
        } catch (IOException | RuntimeException e) {
            // Whoever needs one makes it then, and says what is wrong.
            LOG.debug("no authority could be made ahead", e);
        }
    }

    /** Renamed first: should its process live after all, it has the whole of it or nothing. */
    private void clear() {
        try {
            for (Path left : left()) {
                Path own = own();
                try {
                    Files.move(left, own, StandardCopyOption.ATOMIC_MOVE);
                    DeletedTree.delete(own);
                } catch (NoSuchFileException e) {
                    // It is gone already.
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("authorities that nobody has can't be removed from {}: {}", folder, e.getMessage());
        }
    }

    private List<Path> left() throws IOException {
        List<Path> left = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                folder,
                entry -> entry.getFileName().toString().startsWith(NOBODYS)
                        && !entry.getFileName().toString().startsWith(RUN))) {
            entries.forEach(left::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return left;
    }

    private Path own() {
        return folder.resolve(RUN + UUID.randomUUID());
    }

    private static void abandon(Path folder, Exception reason) {
        try {
            DeletedTree.delete(folder);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private static void makePrivate(Path directory) throws IOException {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            // It was made so.
        }
    }

    /** Nothing is made ahead any more, and nothing that was is left, when this returns. */
    @Override
    public void close() throws IOException {
        background.shutdownNow();
        try {
            if (!background.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IOException("an authority in " + folder + " is still being made");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while an authority in " + folder + " was being made", e);
        }
        for (Ready each = ready.poll(); each != null; each = ready.poll()) {
            DeletedTree.delete(each.folder());
        }
    }
}
