package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
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
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authorities of a node's agents, each in a folder that only this program's user may enter: the private key, and the folder that
 * the agent sees. Some are made ahead in the background, so that no start waits for one. Whoever has the same folder has the same
 * authorities, also another process. Thread-safe.
 */
public final class AgentAuthorities implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentAuthorities.class);
    private static final int IN_STOCK = 3;
    /** Starts that are under way come first. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(500);

    private static final String TRUST = "trust";
    /** No agent's name begins so. */
    private static final String READY = "_ready-";

    private static final String BEGUN = "_begun-";

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

    /** Has some made ahead, from now on. */
    public void expect() {
        expecting = true;
        background.execute(() -> fill(0));
    }

    /**
     * Gives an agent its authority where it has none yet.
     *
     * @return the folder that the agent is to see
     */
    public Path place(SandboxId id) throws IOException {
        Path its = folder.resolve(id.value());
        if (!Files.isDirectory(its)) {
            Files.move(taken(), its, StandardCopyOption.ATOMIC_MOVE);
            if (expecting) {
                background.execute(() -> fill(PAUSE));
            }
        }
        return its.resolve(TRUST);
    }

    private Path taken() throws IOException {
        Path own = folder.resolve(BEGUN + UUID.randomUUID());
        for (Path ready : named(READY)) {
            try {
                return Files.move(ready, own, StandardCopyOption.ATOMIC_MOVE);
            } catch (NoSuchFileException e) {
                // Somebody else has taken it.
            }
        }
        return made();
    }

    private void fill(long pause) {
        LockSupport.parkNanos(pause);
        try {
            for (int missing = IN_STOCK - named(READY).size(); missing > 0 && !background.isShutdown(); missing--) {
                Path made = made();
                Files.move(made, folder.resolve(READY + UUID.randomUUID()), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException | RuntimeException e) {
            // Whoever needs one makes it then, and says what is wrong.
            LOG.debug("no authority could be made ahead", e);
        }
    }

    private Path made() throws IOException {
        makePrivate(folder);
        Path begun = folder.resolve(BEGUN + UUID.randomUUID());
        makePrivate(begun);
        AgentAuthority authority = AgentAuthority.create(clock);
        authority.write(begun);
        TrustFolder.write(begun.resolve(TRUST), authority, roots);
        return begun;
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
