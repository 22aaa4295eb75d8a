package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.journal.JournalException;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts one agent of which nothing exists. Fails closed: where a step fails, the agent's first instruction has not run (at most its session's bus, behind the fence),
 * what the other steps made is removed, and the report says which step and why. Used by one thread.
 */
final class Launch {
    private static final Logger LOG = LoggerFactory.getLogger(Launch.class);

    private final SandboxId id;
    private final NodeParts node;
    private final Capacity capacity;
    private final AgentRecord agent;
    private final AgentReports reports;
    private final FencedRun fenced;
    private final HeldImages images;
    private final Resolution resolution;
    private int failures;

    Launch(
            SandboxId id,
            NodeParts node,
            Capacity capacity,
            Resolution resolution,
            AgentRecord agent,
            AgentReports reports,
            FencedRun fenced,
            HeldImages images) {
        this.id = id;
        this.node = node;
        this.capacity = capacity;
        this.resolution = resolution;
        this.agent = agent;
        this.reports = reports;
        this.fenced = fenced;
        this.images = images;
    }

    /** Starts the agent when it is time. */
    Next begin(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        Instant now = node.clock().instant();
        if (AfterExit.isPastDeadline(entry, now)) {
            agent.keep(AfterExit.deadlineExceeded(entry));
            return new Next.Again();
        }
        if (entry.nextStartAt().filter(now::isBefore).isPresent()) {
            reports.waiting(entry);
            return new Next.Wait(Next.earlier(entry.nextStartAt(), AfterExit.deadline(entry)));
        }
        Optional<String> weak = weakness(entry.assignment(), driver);
        if (weak.isPresent()) {
            // It was accepted once, and may have files here that it would lose elsewhere.
            return later(entry, AgentReports.TOO_WEAK, weak.get());
        }
        Optional<String> lack = capacity.change(id, node.taken(entry.assignment()));
        if (lack.isPresent()) {
            return later(entry, "OutOfCapacity", lack.get());
        }
        if (!entry.promised().equals(entry)) {
            agent.keep(entry.promised());
            return new Next.Again();
        }
        String group = entry.assignment().policyGroup();
        if (node.policy()
                .enforced()
                .filter(policy -> policy.hashes().containsKey(group))
                .isEmpty()) {
            reports.preparing(entry, "PolicyNotReady", "this node's policy has no group " + group + " yet");
            return new Next.Wait(AfterExit.deadline(entry));
        }
        Optional<HeldImages.Had> held;
        try {
            held = images.get(entry.assignment());
        } catch (SandboxException e) {
            return failed(entry, driver, e);
        }
        if (held.isEmpty()) {
            reports.preparing(entry, "Pulling", images.progress());
            return new Next.Wait(AfterExit.deadline(entry));
        }
        reports.preparing(entry, "Starting", "");
        return launch(entry, driver, held.get());
    }

    private Next later(JournalEntry entry, String reason, String message) {
        reports.preparing(entry, reason, message);
        return new Next.Wait(Next.earlier(Optional.of(nextTry()), AfterExit.deadline(entry)));
    }

    /** Resolve, prepare, create, fence, start: each step only after the one before it is done. */
    private Next launch(JournalEntry entry, IsolationDriver driver, HeldImages.Had held) throws SandboxException {
        Assignment assignment = entry.assignment();
        JournalEntry reached = entry;
        try {
            SandboxSpec spec = resolution.resolve(assignment, held);
            driver.prepare(spec);
            Optional<String> weak = weakness(assignment, driver);
            if (weak.isPresent()) {
                // It was measured meanwhile.
                throw new SandboxException(Step.PREPARE, Kind.TRANSIENT, weak.get());
            }
            reached = agent.note(reached.beginning(node.bootId(), node.clock().instant()));
            NetworkAttachment network = driver.create(spec);
            Instant prepared = node.clock().instant();
            fenced.attachBeforeStart(network, assignment.policyGroup(), NetworkRates.of(assignment.limits()));
            reached = agent.note(reached.releasing(
                    prepared, node.clock().instant(), fenced.acknowledged().orElseThrow()));
            driver.start(id);
        } catch (SandboxException e) {
            return failed(reached, driver, e);
        } catch (JournalException e) {
            // What the journal does not know must not run.
            fenced.remove(driver);
            throw e;
        }
        failures = 0;
        // Off the way to the first instruction: after a loss of power this must be known.
        agent.keep(reached.started(node.clock().instant()));
        return new Next.Again();
    }

    /** Why the driver does not isolate as strongly as the agent must be, as far as that is known. */
    static Optional<String> weakness(Assignment assignment, IsolationDriver driver) {
        return assignment.driver().level().flatMap(driver::shortOf);
    }

    private Next failed(JournalEntry entry, IsolationDriver driver, SandboxException failure) throws SandboxException {
        LOG.warn("{}: start failed at {}: {}", entry.assignment().agent(), failure.step(), failure.getMessage());
        if (hasRun(entry, driver)) {
            // The step failed after it had its effect. A second start would run the agent twice.
            return new Next.Again();
        }
        fenced.remove(driver);
        return switch (failure.kind()) {
            case INVALID_SPEC ->
                end(entry, new Outcome(Outcome.Kind.FAILED, AgentReports.reasonOf(failure.step()), messageOf(failure)));
            case UNSUPPORTED -> end(entry, new Outcome(Outcome.Kind.REJECTED, "UnsupportedSpec", messageOf(failure)));
            case TRANSIENT -> {
                Instant at = nextTry();
                JournalEntry retrying = agent.keep(entry.retryingAt(at));
                reports.preparing(retrying, AgentReports.reasonOf(failure.step()), messageOf(failure));
                yield new Next.Wait(Optional.of(at));
            }
        };
    }

    private Instant nextTry() {
        return node.clock().instant().plus(RestartDelay.beforeRetry(++failures));
    }

    private boolean hasRun(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        if (entry.run().filter(JournalEntry.Run::released).isEmpty()) {
            return false;
        }
        return switch (driver.state(id)) {
            case SandboxState.Running _, SandboxState.Exited _ -> true;
            case SandboxState.Absent _, SandboxState.Broken _, SandboxState.Created _ -> false;
        };
    }

    private Next end(JournalEntry entry, Outcome outcome) {
        agent.keep(entry.ended(outcome));
        return new Next.Again();
    }

    /** Removes what an earlier process left of a start in which nothing of the agent has run. */
    Next clear(JournalEntry entry, IsolationDriver driver) throws SandboxException {
        fenced.remove(driver);
        if (entry.run().isPresent()) {
            agent.keep(entry.retryingAt(node.clock().instant()));
        }
        return new Next.Again();
    }

    private static String messageOf(SandboxException failure) {
        return Objects.requireNonNullElse(failure.getMessage(), failure.step().name());
    }
}
