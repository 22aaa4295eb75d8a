package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.Origin;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.Mailbox.Desired;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reconciles assignments against what runs on this machine, one loop per agent on a virtual thread.
 *
 * <p>Adopts what an earlier process left running. Stops an agent only when {@link #sync} says so; losing whoever calls it
 * stops nothing. {@link #close} ends the loops and leaves the agents alone. Thread-safe.
 */
public final class Supervisor implements AgentFiles, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);

    private final NodeParts node;
    private final Capacity capacity;
    private final Map<SandboxId, Loop> loops = new HashMap<>();
    /** Removed and reported; remembered until the assignment itself is gone. */
    private final Set<SandboxId> stopped = new HashSet<>();

    private boolean leftoversRemoved;
    private boolean closed;

    private record Loop(Mailbox mailbox, RestingFiles resting, Thread thread) {}

    public Supervisor(NodeParts node) {
        this.node = node;
        this.capacity = new Capacity(node.allocatable(), node.mostAgents());
    }

    /** Adopts every agent of the journal, with the assignment that was last seen. To be called once, before {@link #sync}. */
    public synchronized void start() {
        node.journal().entries().forEach((id, entry) -> begin(id, desiredBefore(entry), Optional.of(entry)));
        node.policy().onChange(this::wakeAll);
    }

    /** A deletion that was begun is finished, whether or not the one who ordered it can be heard. */
    private static Desired desiredBefore(JournalEntry entry) {
        return entry.state() == JournalEntry.State.DELETED
                ? new Desired.Gone(entry.assignment())
                : new Desired.Run(entry.assignment());
    }

    /**
     * Takes note of everything that is assigned to this node, as a successful list or watch shows it.
     *
     * @param run what shall run
     * @param remove what shall be stopped, removed and reported as stopped; what is in neither is treated the same
     */
    public synchronized void sync(Collection<Assignment> run, Collection<Assignment> remove) {
        if (closed) {
            return;
        }
        Set<SandboxId> known = new HashSet<>();
        for (Assignment assignment : run) {
            known.add(assignment.id());
            desire(assignment.id(), new Desired.Run(assignment));
        }
        for (Assignment assignment : remove) {
            known.add(assignment.id());
            if (!stopped.contains(assignment.id())) {
                desire(assignment.id(), new Desired.Gone(assignment));
            }
        }
        stopped.retainAll(known);
        loops.forEach((id, loop) -> {
            if (!known.contains(id) && loop.mailbox().desired() instanceof Desired.Run(Assignment last)) {
                loop.mailbox().desire(new Desired.Gone(last));
            }
        });
        removeLeftovers();
    }

    /** Sets what agents may use of this machine together from now on; those that are here stay. */
    public void allocate(ResourceAmounts allocatable) {
        capacity.allocate(allocatable);
    }

    /** How many agents there are in any state. */
    public synchronized int agents() {
        return loops.size();
    }

    /** Their ids. */
    public synchronized Set<SandboxId> ids() {
        return Set.copyOf(loops.keySet());
    }

    private void desire(SandboxId id, Desired desired) {
        Loop loop = loops.get(id);
        if (loop != null) {
            loop.mailbox().desire(desired);
        } else {
            begin(id, desired, Optional.empty());
        }
    }

    private void begin(SandboxId id, Desired desired, Optional<JournalEntry> entry) {
        Mailbox mailbox = new Mailbox(node.clock(), desired);
        RestingFiles resting = new RestingFiles();
        AgentLoop loop = new AgentLoop(id, node, capacity, mailbox, entry, resting, () -> ended(id, mailbox));
        loops.put(
                id,
                new Loop(
                        mailbox, resting, Thread.ofVirtual().name("agent-" + id).start(loop)));
    }

    @Override
    public Contents save(SandboxId id, OutputStream archive) throws SandboxException, IOException {
        return resting(id, Step.SAVE)
                .work(Step.SAVE, (agent, files) -> files.save(agent.spec(), origin(agent.assignment()), archive));
    }

    @Override
    public Contents restore(SandboxId id, InputStream archive) throws SandboxException, IOException {
        return resting(id, Step.RESTORE).work(Step.RESTORE, (agent, files) -> files.restore(agent.spec(), archive));
    }

    private synchronized RestingFiles resting(SandboxId id, Step step) throws SandboxException {
        return Optional.ofNullable(loops.get(id))
                .map(Loop::resting)
                .orElseThrow(() -> new SandboxException(step, Kind.TRANSIENT, "the agent is not on this node"));
    }

    private Origin origin(Assignment assignment) {
        return new Origin(
                assignment.agent().toString(),
                assignment.image().map(Assignment.Image::reference),
                node.clock().instant());
    }

    /** Everything of the agent is gone; it may have been assigned anew meanwhile. */
    private synchronized void ended(SandboxId id, Mailbox mailbox) {
        loops.remove(id);
        if (mailbox.desired() instanceof Desired.Run run) {
            if (!closed) {
                begin(id, run, Optional.empty());
            }
        } else {
            stopped.add(id);
        }
    }

    /** Every loop looks again; for what changes without anybody saying so, a clock that is set for example. */
    public synchronized void wakeAll() {
        loops.values().forEach(loop -> loop.mailbox().wake());
    }

    /** What neither the journal nor the assignments know was left by a crash before its first journal entry. */
    private void removeLeftovers() {
        if (leftoversRemoved) {
            return;
        }
        try {
            for (IsolationDriver driver : node.drivers().values()) {
                for (SandboxId id : driver.list()) {
                    if (!loops.containsKey(id)) {
                        LOG.warn("removing sandbox {}, which nothing knows", id);
                        driver.remove(id);
                        driver.purge(id);
                    }
                }
            }
            for (SandboxId id : node.fence().attachments().keySet()) {
                if (!loops.containsKey(id)) {
                    node.fence().detach(id);
                    node.fence().forgetBudgets(id);
                }
            }
            releaseImages();
            leftoversRemoved = true;
        } catch (SandboxException | IOException e) {
            LOG.warn("leftovers could not be removed, tried again: {}", e.getMessage());
        }
    }

    private void releaseImages() throws IOException {
        for (SandboxId id : node.images().holders()) {
            if (!loops.containsKey(id)) {
                node.images().release(id);
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        loops.values().forEach(loop -> loop.thread().interrupt());
    }
}
