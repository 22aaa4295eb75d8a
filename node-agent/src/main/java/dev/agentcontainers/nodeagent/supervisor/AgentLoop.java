package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.journal.JournalException;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.supervisor.Mailbox.Desired;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One agent's loop. Each pass looks at what is desired, at the journal and at the machine, takes one step towards the
 * desired state, and then waits or looks again; so it does not matter after which step an earlier process died.
 *
 * <p>What must be remembered is in the journal before the step that makes it true: an exit is recorded before its traces
 * are removed, a run is recorded before it is created. Run by one thread.
 */
final class AgentLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentLoop.class);

    private static final Duration LOOK_FOR_ROOM = Duration.ofMinutes(1);

    private final SandboxId id;
    private final NodeParts node;
    private final Capacity capacity;
    private final Mailbox mailbox;
    private final AgentRecord agent;
    private final AgentReports reports;
    private final FencedRun fenced;
    private final ProbedRun probed;
    private final HeldImages images;
    private final Launch launch;
    private final Oversight oversight;
    private final Dismantling dismantling;
    private final RestingFiles resting;
    private final Runnable onEnd;
    private int troubles;
    private boolean cleared;

    /**
     * @param journalled the entry of an earlier process, where there is one
     * @param resting opened while the agent rests
     */
    AgentLoop(
            SandboxId id,
            NodeParts node,
            Capacity capacity,
            Mailbox mailbox,
            Optional<JournalEntry> journalled,
            RestingFiles resting,
            Runnable onEnd) {
        this.id = id;
        this.node = node;
        this.capacity = capacity;
        this.mailbox = mailbox;
        this.agent = new AgentRecord(id, node.journal(), journalled);
        this.images = new HeldImages(id, node.images(), node.materials(), mailbox::wake);
        this.fenced = new FencedRun(id, node.fence(), node.policy(), node.clock(), mailbox::wake);
        this.probed = new ProbedRun(id, node.fence(), node.clock(), mailbox::wake);
        this.reports = new AgentReports(node.reporter(), images, probed::health);
        Resolution resolution = new Resolution(node.materials());
        this.launch = new Launch(id, node, capacity, resolution, agent, reports, fenced, images);
        this.oversight = new Oversight(id, node, capacity, resolution, agent, reports, fenced, probed, images);
        this.dismantling = new Dismantling(id, node, capacity, agent, reports, fenced, probed, images);
        this.resting = resting;
        this.onEnd = onEnd;
        journalled
                .filter(JournalEntry::holdsCapacity)
                .ifPresent(entry ->
                        capacity.adopt(id, node.taken(entry.assignment().driver(), entry.promisedRequests())));
    }

    @Override
    public void run() {
        MDC.put("agent", assignment().agent().toString());
        try {
            while (true) {
                switch (guardedPass()) {
                    case Next.Again _ -> troubles = 0;
                    case Next.Wait wait -> {
                        troubles = 0;
                        mailbox.await(wait.until());
                    }
                    case Next.Retry retry -> {
                        say(retry.failure());
                        mailbox.await(Next.earlier(Optional.of(nextTry()), retry.butNotLater()));
                    }
                    case Next.Done _ -> {
                        onEnd.run();
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            // The node agent ends; the agent goes on.
            Thread.currentThread().interrupt();
        } finally {
            probed.close();
            fenced.close();
            images.close();
        }
    }

    private Next guardedPass() throws InterruptedException {
        try {
            return pass();
        } catch (SandboxException | RuntimeException e) {
            return new Next.Retry(e, Optional.empty());
        }
    }

    private Instant nextTry() {
        return node.clock().instant().plus(RestartDelay.beforeRetry(++troubles));
    }

    private void say(Exception failure) {
        Assignment assignment = assignment();
        switch (failure) {
            case SandboxException e -> {
                LOG.warn("{}: {} failed: {}", assignment.agent(), e.step(), e.getMessage());
                reports.trouble(assignment, agent.entry(), e);
            }
            case JournalException e -> {
                LOG.warn("{}: {}", assignment.agent(), e.getMessage());
                reports.unjournalled(assignment, agent.entry(), e);
            }
            default -> {
                LOG.error("{}: unexpected failure", assignment.agent(), failure);
                reports.internalError(assignment, agent.entry(), failure);
            }
        }
    }

    private Next pass() throws SandboxException, InterruptedException {
        Desired desired = mailbox.desired();
        if (!(desired instanceof Desired.Run(Assignment assignment) && assignment.suspended())) {
            resting.close();
        }
        return switch (desired) {
            case Desired.Gone gone -> dismantling.dismantle(gone.assignment());
            case Desired.Run run -> approach(run.assignment());
        };
    }

    private Next approach(Assignment wanted) throws SandboxException, InterruptedException {
        if (agent.entry()
                .filter(entry -> entry.state() == JournalEntry.State.DELETED)
                .isPresent()) {
            // Assigned anew while its removal was under way: removed first, then begun anew.
            return dismantling.dismantle(wanted);
        }
        JournalEntry entry = entryFor(wanted);
        if (entry.outcome().isPresent()) {
            return settle(entry);
        }
        IsolationDriver driver = node.drivers().get(wanted.driver().name());
        if (driver == null) {
            return reject(
                    entry,
                    "UnsupportedDriver",
                    "this node has no isolation driver '" + wanted.driver().name() + "'; it has "
                            + node.drivers().keySet());
        }
        SandboxState state = driver.state(id);
        if (!(state instanceof SandboxState.Running)) {
            probed.close();
        }
        if (!(state instanceof SandboxState.Absent)) {
            cleared = false;
        }
        if (entry.state() == JournalEntry.State.SEEN) {
            return adoptOrAdmit(entry, driver, state);
        }
        return switch (state) {
            case SandboxState.Absent _ ->
                entry.run().filter(run -> isLost(entry, run)).isPresent()
                        ? concludeLost(entry, driver)
                        : entry.assignment().suspended() ? rest(entry, driver) : launch.begin(entry, driver);
            case SandboxState.Broken _ ->
                entry.run().filter(run -> isLost(entry, run)).isPresent()
                        ? concludeLost(entry, driver)
                        : launch.clear(entry, driver);
            case SandboxState.Created _ -> launch.clear(entry, driver);
            case SandboxState.Running running -> oversight.oversee(entry, driver, running);
            case SandboxState.Exited exited ->
                entry.run().filter(JournalEntry.Run::released).isPresent()
                        ? conclude(entry, driver, exited.exit())
                        : launch.clear(entry, driver);
        };
    }

    /** What has only arrived comes again after a loss of power; a change of what has run must not be forgotten. */
    private JournalEntry entryFor(Assignment wanted) {
        return agent.entry()
                .map(entry -> entry.assignment().equals(wanted) ? entry : agent.keep(entry.withAssignment(wanted)))
                .orElseGet(() -> agent.note(JournalEntry.of(wanted)));
    }

    /** The node has the last word on what the operator placed here. */
    private Next admit(JournalEntry entry, IsolationDriver driver) {
        Assignment assignment = entry.assignment();
        Optional<Enforced> policy = node.policy().enforced();
        if (policy.isEmpty()) {
            reports.preparing(entry, "PolicyNotReady", "this node has not received its policy yet");
            return new Next.Wait(Optional.empty());
        }
        if (assignment.epoch() < policy.get().epoch()) {
            return reject(
                    entry,
                    "StaleBinding",
                    "assigned by leader epoch " + assignment.epoch() + ", but this node follows epoch "
                            + policy.get().epoch());
        }
        Optional<String> weak = Launch.weakness(assignment, driver);
        if (weak.isPresent()) {
            return reject(entry, AgentReports.TOO_WEAK, weak.get());
        }
        Optional<String> lack = capacity.reserve(id, node.taken(assignment));
        if (lack.isPresent()) {
            return reject(entry, "OutOfCapacity", lack.get());
        }
        agent.note(entry.acceptedHere());
        return new Next.Again();
    }

    private Next reject(JournalEntry entry, String reason, String message) {
        agent.keep(entry.ended(new Outcome(Outcome.Kind.REJECTED, reason, message)));
        return new Next.Again();
    }

    /** What has run was accepted once, even if the journal of it is lost: it is not judged anew. */
    private Next adoptOrAdmit(JournalEntry entry, IsolationDriver driver, SandboxState state) {
        return switch (state) {
            case SandboxState.Absent _, SandboxState.Broken _, SandboxState.Created _ -> admit(entry, driver);
            case SandboxState.Running running -> adopt(entry, running.startedAt());
            case SandboxState.Exited(ExitStatus exit) -> adopt(entry, exit.finishedAt());
        };
    }

    private Next adopt(JournalEntry entry, Instant begunAt) {
        LOG.warn(
                "the journal does not know the run of {}: adopted",
                entry.assignment().agent());
        capacity.adopt(id, node.taken(entry.assignment()));
        agent.keep(entry.found(node.bootId(), begunAt));
        return new Next.Again();
    }

    /** Whether the agent's first instruction has run, as far as can be known, in a run that is not there any more. */
    private boolean isLost(JournalEntry entry, JournalEntry.Run run) {
        return run.released() && (entry.milestones().started().isPresent() || rebooted(entry));
    }

    private boolean rebooted(JournalEntry entry) {
        return !entry.bootId().equals(Optional.of(node.bootId()));
    }

    /** The run has ended: records how, decides what follows, and only then removes its traces. */
    private Next conclude(JournalEntry entry, IsolationDriver driver, ExitStatus exit) throws SandboxException {
        agent.keep(AfterExit.decide(entry, exit, node.clock().instant()));
        fenced.remove(driver);
        return new Next.Again();
    }

    private Next concludeLost(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        agent.keep(AfterExit.decideLost(entry, rebooted(entry), node.clock().instant()));
        fenced.remove(driver);
        return new Next.Again();
    }

    /** The agent is not to run: nothing of a run is left, its files and its place on the node stay until it is resumed. */
    private Next rest(JournalEntry entry, IsolationDriver driver) throws SandboxException, InterruptedException {
        clear(driver);
        Optional<String> lack = capacity.change(id, node.taken(entry.assignment()));
        JournalEntry suspended = entry.suspended();
        JournalEntry kept = lack.isPresent() ? suspended : suspended.promised();
        reports.suspended(kept.equals(entry) ? entry : agent.keep(kept));
        if (lack.isPresent()) {
            // Its disk would be made as large as it asks for.
            resting.refuse("the node has not what the agent requests: " + lack.get());
            // What others give back wakes nobody.
            return new Next.Wait(Optional.of(node.clock().instant().plus(LOOK_FOR_ROOM)));
        }
        resting.open(new RestingFiles.Resting(entry.assignment(), driver, Resolution.ofDisk(entry.assignment())));
        return new Next.Wait(Optional.empty());
    }

    /** The agent will not be started again: nothing of its run is left, its files stay until the assignment goes. */
    private Next settle(JournalEntry entry) throws SandboxException, InterruptedException {
        resting.close();
        probed.close();
        IsolationDriver driver = node.drivers().get(entry.assignment().driver().name());
        if (driver != null) {
            clear(driver);
        }
        capacity.release(id);
        reports.settled(entry);
        return new Next.Wait(Optional.empty());
    }

    /** What an earlier process may have left half removed; once is enough. */
    private void clear(IsolationDriver driver) throws SandboxException {
        if (!cleared) {
            fenced.remove(driver);
            cleared = true;
        }
    }

    private Assignment assignment() {
        return switch (mailbox.desired()) {
            case Desired.Run run -> run.assignment();
            case Desired.Gone gone -> gone.assignment();
        };
    }
}
