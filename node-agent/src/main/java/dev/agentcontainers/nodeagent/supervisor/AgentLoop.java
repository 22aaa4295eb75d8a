package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper.Enforced;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
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

    /** What a run counts as that vanished without leaving an exit status: killed. */
    private static final int LOST = 137;

    private final SandboxId id;
    private final NodeParts node;
    private final Capacity capacity;
    private final Mailbox mailbox;
    private final Resolution resolution;
    private final AgentReports reports;
    private final Runnable onEnd;
    private Optional<JournalEntry> journalled;
    private Optional<Assignment> applied = Optional.empty();
    private Optional<Attachment> attachment = Optional.empty();
    private long attachedRevision = -1;
    private Optional<Thread> exitWatcher = Optional.empty();
    private int internalErrors;

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
        this.journalled = journalled;
        this.onEnd = onEnd;
        journalled
                .filter(entry -> entry.accepted() && entry.outcome().isEmpty())
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
            exitWatcher.ifPresent(Thread::interrupt);
        }
    }

    private Next guardedPass() throws InterruptedException {
        Assignment assignment = assignmentOf(mailbox.desired());
        MDC.put("agent", assignment.agent().toString());
        try {
            Next next = pass();
            internalErrors = 0;
            return next;
        } catch (SandboxException e) {
            LOG.warn("{}: {} failed: {}", assignment.agent(), e.step(), e.getMessage());
            reports.trouble(assignment, journalled, e);
            return new Next.Wait(Optional.of(node.clock().instant().plus(RestartDelay.beforeRetry(++internalErrors))));
        } catch (RuntimeException e) {
            LOG.error("{}: unexpected failure", assignment.agent(), e);
            reports.internalError(assignment, journalled, e);
            return new Next.Wait(Optional.of(node.clock().instant().plus(RestartDelay.beforeRetry(++internalErrors))));
        } finally {
            MDC.remove("agent");
        }
    }

    private Next pass() throws SandboxException, InterruptedException {
        return switch (mailbox.desired()) {
            case Desired.Gone gone -> dismantle(gone.assignment());
            case Desired.Run run -> approach(run.assignment());
        };
    }

    private Next approach(Assignment wanted) throws SandboxException, InterruptedException {
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
        if (!entry.accepted()) {
            return admit(entry);
        }
        return switch (driver.state(id)) {
            case SandboxState.Absent _ -> begin(entry, driver);
            case SandboxState.Broken _ -> clear(entry, driver);
            case SandboxState.Created _ -> clear(entry, driver);
            case SandboxState.Running running -> oversee(entry, driver, running);
            case SandboxState.Exited exited -> conclude(entry, driver, exited.exit());
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

    /** Nothing of the agent exists: finds out why, and starts it when it is time. */
    private Next begin(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        if (entry.run().isPresent()) {
            JournalEntry.Run run = entry.run().get();
            boolean sameBoot = entry.bootId().equals(Optional.of(node.bootId()));
            if (run.released() && (entry.milestones().started().isPresent() || !sameBoot)) {
                return conclude(entry, driver, new ExitStatus(LOST, node.clock().instant(), false));
            }
        }
        Instant now = node.clock().instant();
        if (deadlineOf(entry).filter(deadline -> !now.isBefore(deadline)).isPresent()) {
            return deadlineExceeded(entry);
        }
        if (entry.nextStartAt().filter(now::isBefore).isPresent()) {
            reports.waiting(entry);
            return new Next.Wait(entry.nextStartAt());
        }
        String group = entry.assignment().policyGroup();
        if (node.policy()
                .enforced()
                .filter(policy -> policy.hashes().containsKey(group))
                .isEmpty()) {
            reports.preparing(entry, "PolicyNotReady", "this node's policy has no group " + group + " yet");
            return new Next.Wait(Optional.empty());
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
            attach(network, assignment.policyGroup());
            reached = reached.releasing(prepared, node.clock().instant());
            note(reached);
            driver.start(id);
            reached = reached.started(node.clock().instant());
            note(reached);
            applied = Optional.of(assignment);
            return new Next.Again();
        } catch (SandboxException e) {
            return startFailed(reached, driver, e);
        }
    }

    private Next startFailed(JournalEntry entry, IsolationDriver driver, SandboxException failure)
            throws SandboxException {
        LOG.warn("{}: start failed at {}: {}", entry.assignment().agent(), failure.step(), failure.getMessage());
        removeRun(driver);
        return switch (failure.kind()) {
            case INVALID_SPEC -> {
                keep(entry.ended(new Outcome(Outcome.Kind.FAILED, reasonOf(failure), messageOf(failure))));
                yield new Next.Again();
            }
            case UNSUPPORTED -> reject(entry, "Unsupported", messageOf(failure));
            case TRANSIENT -> {
                int failures = entry.failures() + 1;
                Instant at = node.clock().instant().plus(RestartDelay.beforeRetry(failures));
                JournalEntry retrying = entry.retryingAt(at, failures);
                keep(retrying);
                reports.preparing(retrying, reasonOf(failure), messageOf(failure));
                yield new Next.Wait(Optional.of(at));
            }
        };
    }

    /** What an earlier process left of a start in which nothing of the agent has run. */
    private Next clear(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        removeRun(driver);
        if (entry.run().isPresent()) {
            keep(entry.retryingAt(node.clock().instant(), entry.failures()));
        }
        return new Next.Again();
    }

    /** The agent runs: keeps fence and limits in step, and stops it at its deadline. */
    private Next oversee(JournalEntry entry, IsolationDriver driver, SandboxState.Running running)
            throws SandboxException, InterruptedException {
        JournalEntry current = entry;
        if (entry.milestones().started().isEmpty() || entry.firstStartedAt().isEmpty()) {
            current = entry.started(running.startedAt());
            note(current);
        }
        follow(running.network(), current.assignment());
        Optional<SandboxException> refused = updateLimits(driver, current.assignment());
        Optional<Instant> deadline = deadlineOf(current);
        if (deadline.filter(at -> !node.clock().instant().isBefore(at)).isPresent()) {
            stop(driver, current.assignment());
            return deadlineExceeded(current);
        }
        watchExit(driver);
        reports.running(current, applied.orElse(current.assignment()), attachment, attachedRevision, refused);
        return new Next.Wait(deadline);
    }

    /** Binds the agent to its (possibly other) group's rules, and learns the hash that the kernel holds for them. */
    private void follow(NetworkAttachment network, Assignment assignment) throws SandboxException {
        long revision = node.policy().enforced().map(Enforced::revision).orElse(-1L);
        boolean sameGroup = attachment
                .filter(current -> current.group().equals(assignment.policyGroup()))
                .isPresent();
        if (!sameGroup || revision != attachedRevision) {
            attach(network, assignment.policyGroup());
        }
    }

    private void attach(NetworkAttachment network, String group) throws SandboxException {
        long revision = node.policy().enforced().map(Enforced::revision).orElse(-1L);
        attachment = Optional.of(node.fence().attach(id, network, group));
        attachedRevision = revision;
    }

    private Optional<SandboxException> updateLimits(IsolationDriver driver, Assignment wanted) throws SandboxException {
        if (applied.filter(before -> before.limits().equals(wanted.limits())).isPresent()) {
            applied = Optional.of(wanted);
            return Optional.empty();
        }
        try {
            driver.update(resolution.resolve(wanted));
            capacity.adopt(id, wanted.requests());
            applied = Optional.of(wanted);
            return Optional.empty();
        } catch (SandboxException e) {
            if (e.kind() == Kind.TRANSIENT) {
                throw e;
            }
            return Optional.of(e);
        }
    }

    private void watchExit(IsolationDriver driver) {
        if (exitWatcher.filter(Thread::isAlive).isPresent()) {
            return;
        }
        exitWatcher = Optional.of(Thread.ofVirtual().name("exit-" + id).start(() -> {
            try {
                driver.awaitExit(id);
            } catch (SandboxException e) {
                LOG.warn("waiting for the exit of {} failed: {}", id, e.getMessage());
            } catch (InterruptedException e) {
                return;
            }
            mailbox.wake();
        }));
    }

    /** The run has ended: records how, decides what follows, and only then removes its traces. */
    private Next conclude(JournalEntry entry, IsolationDriver driver, ExitStatus exit) throws SandboxException {
        if (entry.run().isPresent()) {
            JournalEntry exited = entry.exited(exit);
            keep(decide(exited, entry.run().get().begunAt(), exit));
        }
        removeRun(driver);
        return new Next.Again();
    }

    private JournalEntry decide(JournalEntry exited, Instant begunAt, ExitStatus exit) {
        RestartPolicy policy = exited.assignment().restartPolicy();
        boolean success = exit.code() == 0;
        boolean again = policy == RestartPolicy.Always || (policy == RestartPolicy.OnFailure && !success);
        if (again) {
            boolean longRun = !begunAt.plus(RestartDelay.LONG_RUN).isAfter(exit.finishedAt());
            int failures = longRun ? 1 : exited.failures() + 1;
            return exited.restartingAt(node.clock().instant().plus(RestartDelay.after(failures)), failures);
        }
        if (success) {
            return exited.ended(new Outcome(Outcome.Kind.SUCCEEDED, "Completed", ""));
        }
        return exit.outOfMemory()
                ? exited.ended(new Outcome(
                        Outcome.Kind.FAILED,
                        "OutOfMemory",
                        "killed by the kernel at its memory limit (spec.resources.limits.memory)"))
                : exited.ended(new Outcome(
                        Outcome.Kind.FAILED, "NonZeroExit", "the agent ended with exit code " + exit.code()));
    }

    private Next deadlineExceeded(JournalEntry entry) {
        keep(entry.ended(new Outcome(
                Outcome.Kind.FAILED,
                "DeadlineExceeded",
                "stopped: spec.lifecycle.deadlineSeconds have passed since the first start")));
        return new Next.Again();
    }

    private Optional<Instant> deadlineOf(JournalEntry entry) {
        return entry.firstStartedAt()
                .flatMap(first -> entry.assignment().deadline().map(first::plus));
    }

    /** The agent will not be started again: nothing of its run is left, its files stay until the assignment goes. */
    private Next settle(JournalEntry entry) throws SandboxException {
        IsolationDriver driver = node.drivers().get(entry.assignment().driver().name());
        if (driver != null) {
            removeRun(driver);
        }
        capacity.release(id);
        reports.settled(entry);
        return new Next.Wait(Optional.empty());
    }

    /** Stops the agent and removes everything of it; the fence goes after the last process. */
    private Next dismantle(Assignment assignment) throws SandboxException, InterruptedException {
        for (IsolationDriver driver : node.drivers().values()) {
            if (driver.name().equals(assignment.driver().name())) {
                if (driver.state(id) instanceof SandboxState.Running) {
                    reports.stopping(assignment, journalled);
                    stop(driver, assignment);
                }
                recordExit(driver);
                removeRun(driver);
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

    /** Asks the agent to stop, waits for its grace period at most, kills it. */
    private void stop(IsolationDriver driver, Assignment assignment) throws SandboxException, InterruptedException {
        driver.terminate(id);
        watchExit(driver);
        Thread watcher = exitWatcher.orElseThrow();
        if (!watcher.join(assignment.gracePeriod())) {
            driver.kill(id);
        }
    }

    private void removeRun(IsolationDriver driver) throws SandboxException {
        driver.remove(id);
        node.fence().detach(id);
        attachment = Optional.empty();
        attachedRevision = -1;
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
