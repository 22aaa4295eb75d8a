package dev.agentcontainers.nodeagent.authority;

import dev.agentcontainers.nodeagent.authority.Stock.Ready;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.ProtocolException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The authorities of a node's agents, each in a folder that only this program's user may enter: the private key, and the folder that
 * the agent sees. Some are made ahead in the background, so that no start waits for one. What the agent sees has the machine's roots as of
 * its start: it is written anew then where it has others, and where another process wrote it. Whoever has the same folder has the same
 * authorities, also another process; one process at a time starts agents. Thread-safe.
 */
public final class AgentAuthorities implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentAuthorities.class);

    private final Path folder;
    private final MachineRoots roots;
    private final Clock clock;
    private final Stock stock;
    /** What this process has written for agents to see. After a loss of power nobody knows what is left of another's. */
    private final Map<SandboxId, Roots> shown = new ConcurrentHashMap<>();

    /** @param folder made when it is needed */
    public AgentAuthorities(Path folder, MachineRoots roots, Clock clock) {
        this.folder = folder;
        this.roots = roots;
        this.clock = clock;
        this.stock = new Stock(folder, roots, clock);
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

    /** Has some made ahead, from now on, and removes what other processes made ahead. */
    public void expect() {
        stock.expect();
    }

    /**
     * Gives an agent that starts its authority, where it has none yet, and the machine's roots of now.
     *
     * @return the folder that the agent is to see
     */
    public Path place(SandboxId id) throws IOException {
        Path its = folder.resolve(id.value());
        Roots now = roots.now();
        Optional<AgentAuthority> kept = kept(id, its);
        if (kept.isEmpty()) {
            begin(its, now);
        } else if (!isShown(id, now)) {
            TrustFolder.write(Stock.trust(its), kept.get(), now);
        }
        shown.put(id, now);
        return Stock.trust(its);
    }

    private boolean isShown(SandboxId id, Roots now) {
        Roots before = shown.get(id);
        return before != null && before.isSame(now);
    }

    /**
     * No agent outlives a loss of power, so that one whose key was lost then starts with another.
     *
     * @throws IOException where it may be whole, and can't be read now
     */
    private Optional<AgentAuthority> kept(SandboxId id, Path its) throws IOException {
        if (!Files.isDirectory(its)) {
            return Optional.empty();
        }
        try {
            return Optional.of(AgentAuthority.read(its, clock));
        } catch (NoSuchFileException | CharacterCodingException | ProtocolException | RuntimeException e) {
            LOG.warn(
                    "the authority of the agent {} in {} can't be read, so the agent gets another: {}",
                    id.value(),
                    its,
                    e.getMessage());
            DeletedTree.delete(its);
            return Optional.empty();
        }
    }

    /** Those that are gone keep none from being used that is there; what else fails may fail with each. */
    private void begin(Path its, Roots now) throws IOException {
        for (Optional<Ready> ahead = stock.take(); ahead.isPresent(); ahead = stock.take()) {
            try {
                ahead.get().become(its, now);
                return;
            } catch (IOException | RuntimeException e) {
                ahead.get().abandon(e);
                LOG.warn("an authority that was made ahead is not used", e);
                if (!(e instanceof NoSuchFileException)) {
                    break;
                }
            }
        }
        Ready made = stock.make(now);
        try {
            made.become(its, now);
        } catch (IOException | RuntimeException e) {
            made.abandon(e);
            throw e;
        }
    }

    /** Empty where the agent has none. */
    public Optional<AgentAuthority> of(SandboxId id) throws IOException {
        Path its = folder.resolve(id.value());
        return Files.isDirectory(its) ? Optional.of(AgentAuthority.read(its, clock)) : Optional.empty();
    }

    /** No effect where there is none. */
    public void remove(SandboxId id) throws IOException {
        shown.remove(id);
        DeletedTree.delete(folder.resolve(id.value()));
    }

    /** Removes all of them. */
    public void removeAll() throws IOException {
        close();
        DeletedTree.delete(folder);
    }

    /** Nothing is made ahead any more, and nothing that was is left, when this returns. */
    @Override
    public void close() throws IOException {
        stock.close();
    }
}
