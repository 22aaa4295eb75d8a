package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.nodeagent.supervisor.Mailbox.Desired;
import java.time.Instant;
import java.util.Objects;
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

    private final SandboxId id;
    private final NodeParts node;
    private final Capacity capacity;
    private final Mailbox mailbox;
    private final Resolution resolution;
    private final AgentReports reports;
    private final FencedRun fenced;
    private final Runnable onEnd;
    private Optional<JournalEntry> journalled;
    private int troubles;
    private int failedStarts;
    private boolean cleared;

    /** @param journalled the entry of an earlier process, where there is one */
    AgentLoop(
            SandboxId id,
            NodeParts node,
            Capacity capacity,
            Mailbox mailbox,
            Optional<JournalEntry> journalled,
            Runnable onEnd) {
        this.id = id;
        this.node = node;
        this.capacity = capacity;
        this.mailbox = mailbox;
        this.resolution = new Resolution(node.materials());
        this.reports = new AgentReports(node.reporter());
        this.fenced = new FencedRun(id, node.fence(), node.policy(), mailbox::wake);
        this.journalled = journalled;
        this.onEnd = onEnd;
        journalled
                .filter(JournalEntry::holdsCapacity)
                .ifPresent(entry -> capacity.adopt(id, entry.assignment().requests()));
    }

    /** What comes after a pass. */
    private sealed interface Next {
        record Again() implements Next {}

        record Wait(Optional<Instant> until) implements Next {}

        record Done() implements Next {}
    }

    @Override
    public void run() {
        try {
            while (true) {
                Next next = guardedPass();
                switch (next) {
                    case Next.Again _ -> {}
                    case Next.Wait wait -> mailbox.await(wait.until());
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
            fenced.close();
        }
    }

    private Next guardedPass() throws InterruptedException {
        Assignment assignment = assignmentOf(mailbox.desired());
        MDC.put("agent", assignment.agent().toString());
        try {
            int before = troubles;
            Next next = pass();
            troubles = troubles == before ? 0 : troubles;
            return next;
        } catch (SandboxException e) {
            return troubled(assignment, e, Optional.empty());
        } catch (RuntimeException e) {
            LOG.error("{}: unexpected failure", assignment.agent(), e);
            reports.internalError(assignment, journalled, e);
            return new Next.Wait(Optional.of(node.clock().instant().plus(RestartDelay.beforeRetry(++troubles))));
        } finally {
            MDC.remove("agent");
        }
    }

    /** Something outside a start failed: said, and tried again soon. */
    private Next troubled(Assignment assignment, SandboxException failure, Optional<Instant> butNotLater) {
        LOG.warn("{}: {} failed: {}", assignment.agent(), failure.step(), failure.getMessage());
        reports.trouble(assignment, journalled, failure);
        Instant again = node.clock().instant().plus(RestartDelay.beforeRetry(++troubles));
        return new Next.Wait(earlier(Optional.of(again), butNotLater));
    }

    private static Optional<Instant> earlier(Optional<Instant> one, Optional<Instant> other) {
        return one.isPresent() && other.isPresent()
                ? one.filter(other.get()::isAfter).or(() -> other)
                : one.or(() -> other);
    }

    private Next pass() throws SandboxException, InterruptedException {
        return switch (mailbox.desired()) {
            case Desired.Gone gone -> dismantle(gone.assignment());
            case Desired.Run run -> approach(run.assignment());
        };
    }

    private Next approach(Assignment wanted) throws SandboxException, InterruptedException {
        if (journalled
                .filter(entry -> entry.state() == JournalEntry.State.DELETED)
                .isPresent()) {
            // Assigned anew while its removal was under way: removed first, then begun anew.
            return dismantle(wanted);
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
        if (entry.state() == JournalEntry.State.SEEN) {
            return adoptOrAdmit(entry, state);
        }
        return switch (state) {
            case SandboxState.Absent _ ->
                entry.run().filter(run -> isLost(entry, run)).isPresent()
                        ? concludeLost(entry, driver)
                        : begin(entry, driver);
            case SandboxState.Broken _ ->
                entry.run().filter(run -> isLost(entry, run)).isPresent()
                        ? concludeLost(entry, driver)
                        : clear(entry, driver);
            case SandboxState.Created _ -> clear(entry, driver);
            case SandboxState.Running running -> oversee(entry, driver, running);
            case SandboxState.Exited exited ->
                entry.run().filter(JournalEntry.Run::released).isPresent()
                        ? conclude(entry, driver, exited.exit())
                        : clear(entry, driver);
        };
    }

    private JournalEntry entryFor(Assignment wanted) {
        JournalEntry entry = journalled.orElseGet(() -> JournalEntry.of(wanted));
        if (!entry.assignment().equals(wanted) || journalled.isEmpty()) {
            entry = entry.withAssignment(wanted);
            keep(entry);
        }
        return entry;
    }

    /** The node has the last word on what the operator placed here. */
    private Next admit(JournalEntry entry) {
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
        Optional<String> lack = capacity.reserve(id, assignment.requests());
        if (lack.isPresent()) {
            return reject(entry, "OutOfCapacity", lack.get());
        }
        keep(entry.acceptedHere());
        return new Next.Again();
    }

    private Next reject(JournalEntry entry, String reason, String message) {
        keep(entry.ended(new Outcome(Outcome.Kind.REJECTED, reason, message)));
        return new Next.Again();
    }

    /** What has run was accepted once, even if the journal of it is lost: it is not judged anew. */
    private Next adoptOrAdmit(JournalEntry entry, SandboxState state) {
        return switch (state) {
            case SandboxState.Absent _, SandboxState.Broken _, SandboxState.Created _ -> admit(entry);
            case SandboxState.Running running -> adopt(entry, running.startedAt());
            case SandboxState.Exited(ExitStatus exit) -> adopt(entry, exit.finishedAt());
        };
    }

    private Next adopt(JournalEntry entry, Instant begunAt) {
        LOG.warn(
                "the journal does not know the run of {}: adopted",
                entry.assignment().agent());
        capacity.adopt(id, entry.assignment().requests());
        keep(entry.found(node.bootId(), begunAt));
        return new Next.Again();
    }

    /** Whether the agent's first instruction has run, as far as can be known, in a run that is not there any more. */
    private boolean isLost(JournalEntry entry, JournalEntry.Run run) {
        return run.released() && (entry.milestones().started().isPresent() || rebooted(entry));
    }

    private boolean rebooted(JournalEntry entry) {
        return !entry.bootId().equals(Optional.of(node.bootId()));
    }

    /** Nothing of the agent exists: starts it when it is time. */
    private Next begin(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        Instant now = node.clock().instant();
        if (AfterExit.isPastDeadline(entry, now)) {
            keep(AfterExit.deadlineExceeded(entry));
            return new Next.Again();
        }
        if (entry.nextStartAt().filter(now::isBefore).isPresent()) {
            reports.waiting(entry);
            return new Next.Wait(earlier(entry.nextStartAt(), AfterExit.deadline(entry)));
        }
        String group = entry.assignment().policyGroup();
        if (node.policy()
                .enforced()
                .filter(policy -> policy.hashes().containsKey(group))
                .isEmpty()) {
            reports.preparing(entry, "PolicyNotReady", "this node's policy has no group " + group + " yet");
            return new Next.Wait(AfterExit.deadline(entry));
        }
        return launch(entry, driver);
    }

    /**
     * Resolve, prepare, create, fence, start: each step only after the one before it is done. When one fails, what the
     * others made is removed and the agent's first instruction has not run.
     */
    private Next launch(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        Assignment assignment = entry.assignment();
        reports.preparing(entry, "Starting", "");
        JournalEntry reached = entry;
        try {
            SandboxSpec spec = resolution.resolve(assignment);
            driver.prepare(spec);
            reached = reached.beginning(node.bootId(), node.clock().instant());
            note(reached);
            NetworkAttachment network = driver.create(spec);
            Instant prepared = node.clock().instant();
            fenced.attach(network, assignment.policyGroup());
            reached = reached.releasing(prepared, node.clock().instant());
            note(reached);
            driver.start(id);
            // Off the way to the first instruction: after a loss of power this must be known.
            keep(reached.started(node.clock().instant()));
            failedStarts = 0;
            return new Next.Again();
        } catch (SandboxException e) {
            return startFailed(reached, driver, e);
        }
    }

    private Next startFailed(JournalEntry entry, IsolationDriver driver, SandboxException failure)
            throws SandboxException {
        LOG.warn("{}: start failed at {}: {}", entry.assignment().agent(), failure.step(), failure.getMessage());
        fenced.remove(driver);
        return switch (failure.kind()) {
            case INVALID_SPEC -> {
                keep(entry.ended(new Outcome(Outcome.Kind.FAILED, reasonOf(failure), messageOf(failure))));
                yield new Next.Again();
            }
            case UNSUPPORTED -> reject(entry, "UnsupportedSpec", messageOf(failure));
            case TRANSIENT -> {
                Instant at = node.clock().instant().plus(RestartDelay.beforeRetry(++failedStarts));
                JournalEntry retrying = entry.retryingAt(at);
                keep(retrying);
                reports.preparing(retrying, reasonOf(failure), messageOf(failure));
                yield new Next.Wait(Optional.of(at));
            }
        };
    }

    /** What an earlier process left of a start in which nothing of the agent has run. */
    private Next clear(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        fenced.remove(driver);
        if (entry.run().isPresent()) {
            keep(entry.retryingAt(node.clock().instant()));
        }
        return new Next.Again();
    }

    /** The agent runs: stops it at its deadline, keeps fence and limits in step. */
    private Next oversee(JournalEntry entry, IsolationDriver driver, SandboxState.Running running)
            throws SandboxException, InterruptedException {
        JournalEntry current = entry;
        if (entry.run().filter(JournalEntry.Run::released).isEmpty()) {
            current = current.found(node.bootId(), running.startedAt());
        }
        if (entry.milestones().started().isEmpty() || entry.firstStartedAt().isEmpty()) {
            current = current.started(running.startedAt());
        }
        if (!current.equals(entry)) {
            keep(current);
        }
        // Before everything that may fail: neither exit nor deadline waits for a fence or an API server.
        fenced.watchExit(driver);
        if (AfterExit.isPastDeadline(current, node.clock().instant())) {
            fenced.stop(driver, current.assignment().gracePeriod());
            return new Next.Again();
        }
        try {
            fenced.follow(running.network(), current.assignment().policyGroup());
            Optional<SandboxException> refused = updateLimits(driver, current);
            JournalEntry now = journalled.orElse(current);
            reports.running(now, appliedIn(now), fenced.attachment(), fenced.revision(), refused);
        } catch (SandboxException e) {
            return troubled(current.assignment(), e, AfterExit.deadline(current));
        }
        return new Next.Wait(AfterExit.deadline(current));
    }

    private static Assignment appliedIn(JournalEntry entry) {
        return entry.run().map(JournalEntry.Run::applied).orElse(entry.assignment());
    }

    /** Applies what has changed; what can't be had leaves all of it as it was, and is returned. */
    private Optional<SandboxException> updateLimits(IsolationDriver driver, JournalEntry entry)
            throws SandboxException {
        Assignment before = appliedIn(entry);
        Assignment wanted = entry.assignment();
        if (before.equals(wanted)) {
            return Optional.empty();
        }
        Optional<String> lack = capacity.change(id, wanted.requests());
        if (lack.isPresent()) {
            return Optional.of(new SandboxException(Step.OBSERVE, Kind.UNSUPPORTED, lack.get()));
        }
        try {
            if (!before.limits().equals(wanted.limits()) || !before.requests().equals(wanted.requests())) {
                driver.update(resolution.resolve(wanted));
            }
            keep(entry.applied(wanted));
            return Optional.empty();
        } catch (SandboxException e) {
            capacity.adopt(id, before.requests());
            if (e.kind() == Kind.TRANSIENT) {
                throw e;
            }
            return Optional.of(e);
        }
    }

    /** The run has ended: records how, decides what follows, and only then removes its traces. */
    private Next conclude(JournalEntry entry, IsolationDriver driver, ExitStatus exit) throws SandboxException {
        keep(AfterExit.decide(entry, exit, node.clock().instant()));
        fenced.remove(driver);
        return new Next.Again();
    }

    private Next concludeLost(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        keep(AfterExit.decideLost(entry, rebooted(entry), node.clock().instant()));
        fenced.remove(driver);
        return new Next.Again();
    }

    /** The agent will not be started again: nothing of its run is left, its files stay until the assignment goes. */
    private Next settle(JournalEntry entry) throws SandboxException {
        IsolationDriver driver = node.drivers().get(entry.assignment().driver().name());
        if (driver != null && !cleared) {
            fenced.remove(driver);
            cleared = true;
        }
        capacity.release(id);
        reports.settled(entry);
        return new Next.Wait(Optional.empty());
    }

    /** Stops the agent and removes everything of it; the fence goes after the last process. */
    private Next dismantle(Assignment assignment) throws SandboxException, InterruptedException {
        journalled
                .filter(entry -> entry.state() != JournalEntry.State.DELETED)
                .ifPresent(entry -> keep(entry.deleted()));
        for (IsolationDriver driver : node.drivers().values()) {
            if (driver.name().equals(assignment.driver().name())) {
                if (driver.state(id) instanceof SandboxState.Running) {
                    reports.stopping(assignment, journalled);
                    fenced.stop(driver, assignment.gracePeriod());
                }
                recordExit(driver);
                fenced.remove(driver);
                driver.purge(id);
            }
        }
        node.fence().detach(id);
        capacity.release(id);
        node.journal().delete(id);
        reports.stopped(assignment, journalled);
        journalled = Optional.empty();
        return new Next.Done();
    }

    private void recordExit(IsolationDriver driver) throws SandboxException {
        if (driver.state(id) instanceof SandboxState.Exited(ExitStatus exit)) {
            journalled = journalled.map(entry -> entry.exited(exit));
        }
    }

    private void keep(JournalEntry entry) {
        node.journal().write(id, entry);
        journalled = Optional.of(entry);
    }

    private void note(JournalEntry entry) {
        node.journal().note(id, entry);
        journalled = Optional.of(entry);
    }

    private static Assignment assignmentOf(Desired desired) {
        return switch (desired) {
            case Desired.Run run -> run.assignment();
            case Desired.Gone gone -> gone.assignment();
        };
    }

    private static String reasonOf(SandboxException failure) {
        return AgentReports.reasonOf(failure.step());
    }

    private static String messageOf(SandboxException failure) {
        return Objects.requireNonNullElse(failure.getMessage(), failure.step().name());
    }
}
