package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authorities of a node's agents, each in a folder that only this program's user may enter: the private key, and the folder that
 * the agent sees. Some are made ahead in the background, so that no start waits for one. What the agent sees has the machine's roots as of
 * its start: it is written anew then where it has others. Whoever has the same folder has the same
 * authorities, also another process. Thread-safe.
 */
public final class AgentAuthorities implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentAuthorities.class);
    private static final int IN_STOCK = 3;
    /** Starts that are under way come first. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(500);

    private static final String TRUST = "trust";
    /** What the agent was shown last. */
    private static final String SHOWN = "shown";
    /** No agent's name begins so. */
    private static final String READY = "_ready-";

    private static final String BEGUN = "_begun-";
    /** What of that is this process's. */
    private static final String RUN = UUID.randomUUID().toString();
    /** Longer than anybody needs for one. */
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final Path folder;
    private final MachineRoots roots;
    private final Clock clock;
    private final ThreadPoolExecutor background;
    private volatile boolean expecting;

    /** @param folder made when it is needed */
    public AgentAuthorities(Path folder, MachineRoots roots, Clock clock) {
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

    /** Those of the node that keeps its state there. */
    public static AgentAuthorities of(Path stateDirectory) {
        return new AgentAuthorities(
                stateDirectory.resolve("authorities"), MachineRoots.ofThisMachine(), Clock.systemUTC());
    }

    /** Whom servers have to be certified by that agents reach through the proxy. */
    public MachineRoots roots() {
        return roots;
    }

    /** Has some made ahead, from now on, and removes what processes that are gone have left. */
    public void expect() {
        expecting = true;
        background.execute(() -> {
            clear();
            roots.now();
            fill(0);
        });
    }

    /**
     * Gives an agent that starts its authority, where it has none yet, and the machine's roots of now.
     *
     * @return the folder that the agent is to see
     */
    public Path place(SandboxId id) throws IOException {
        Path its = folder.resolve(id.value());
        Optional<AgentAuthority> kept = kept(id, its);
        if (kept.isPresent()) {
            show(its, kept.get());
        } else {
            begin(its);
            if (expecting) {
                background.execute(() -> fill(PAUSE));
            }
        }
        return its.resolve(TRUST);
    }

    /** No agent outlives a loss of power, so that one whose key was lost then starts with another. */
    private Optional<AgentAuthority> kept(SandboxId id, Path its) {
        if (!Files.isDirectory(its)) {
            return Optional.empty();
        }
        try {
            return Optional.of(AgentAuthority.read(its, clock));
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "the authority of the agent {} in {} can't be read, so the agent gets another: {}",
                    id.value(),
                    its,
                    e.getMessage());
            return Optional.empty();
        }
    }

    private void begin(Path its) throws IOException {
        Path begun = begun();
        try {
            Optional<AgentAuthority> taken = taken(begun);
            // Not forced to disk, for which a start would wait: see above.
            show(begun, taken.isPresent() ? taken.get() : made(begun));
            DeletedTree.delete(its);
            Files.move(begun, its, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            abandon(begun, e);
            throw e;
        }
    }

    private void show(Path its, AgentAuthority authority) throws IOException {
        TrustFolder.follow(its.resolve(TRUST), its.resolve(SHOWN), authority, roots.now());
    }

    /** @param begun where it is then */
    private Optional<AgentAuthority> taken(Path begun) throws IOException {
        for (Path ready : named(READY)) {
            try {
                // So that nobody takes it for a leftover.
                Files.setLastModifiedTime(ready, FileTime.from(clock.instant()));
                Files.move(ready, begun, StandardCopyOption.ATOMIC_MOVE);
            } catch (NoSuchFileException e) {
                // Somebody else has taken it.
                continue;
            }
            try {
                return Optional.of(AgentAuthority.read(begun, clock));
            } catch (IOException | RuntimeException e) {
                LOG.warn("an authority that was made ahead can't be read, and is not used: {}", e.getMessage());
                DeletedTree.delete(begun);
            }
        }
        return Optional.empty();
    }

    private void fill(long pause) {
        LockSupport.parkNanos(pause);
        try {
            for (int missing = IN_STOCK - named(READY).size(); missing > 0 && !background.isShutdown(); missing--) {
                Path begun = begun();
                try {
                    made(begun);
                    // As whoever takes it will.
                    show(begun, AgentAuthority.read(begun, clock));
                    AgentAuthority.force(begun);
                    Files.move(begun, folder.resolve(READY + UUID.randomUUID()), StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException | RuntimeException e) {
                    abandon(begun, e);
                    throw e;
                }
            }
        } catch (IOException | RuntimeException e) {
            // Whoever needs one makes it then, and says what is wrong.
            LOG.debug("no authority could be made ahead", e);
        }
    }

    private void clear() {
        try {
            for (Path begun : named(BEGUN)) {
                if (!begun.getFileName().toString().startsWith(BEGUN + RUN) && isLeft(begun)) {
                    DeletedTree.delete(begun);
                }
            }
            for (Path ready : named(READY)) {
                try {
                    AgentAuthority.read(ready, clock);
                } catch (IOException | RuntimeException e) {
                    DeletedTree.delete(ready);
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("authorities that nobody has can't be removed from {}: {}", folder, e.getMessage());
        }
    }

    /** Another process that lives is done with it sooner. */
    private boolean isLeft(Path begun) throws IOException {
        try {
            return Files.getLastModifiedTime(begun)
                    .toInstant()
                    .isBefore(clock.instant().minus(LONGEST));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private Path begun() {
        return folder.resolve(BEGUN + RUN + "-" + UUID.randomUUID());
    }

    private AgentAuthority made(Path begun) throws IOException {
        makePrivate(folder);
        makePrivate(begun);
        AgentAuthority authority = AgentAuthority.create(clock);
        authority.write(begun);
        return authority;
    }

    private static void abandon(Path begun, Exception reason) {
        try {
            DeletedTree.delete(begun);
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

    /** Empty where the agent has none. */
    public Optional<AgentAuthority> of(SandboxId id) throws IOException {
        Path its = folder.resolve(id.value());
        return Files.isDirectory(its) ? Optional.of(AgentAuthority.read(its, clock)) : Optional.empty();
    }

    /** No effect where there is none. */
    public void remove(SandboxId id) throws IOException {
        DeletedTree.delete(folder.resolve(id.value()));
    }

    /** Removes all of them. */
    public void removeAll() throws IOException {
        close();
        DeletedTree.delete(folder);
    }

    /** Nothing is made ahead any more, when this returns. */
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
    }

    private List<Path> named(String prefix) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, prefix + "*")) {
            entries.forEach(found::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return found;
    }
}
