package dev.agentcontainers.nodeagent.journal;

import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * What is remembered of one sandbox. Immutable.
 *
 * @param assignment the last assignment that was seen
 * @param state where it stands with this node
 * @param bootId the machine's boot in which the current run was begun
 * @param run the current run, from just before its creation until its exit is recorded
 * @param firstStartedAt when the agent first ran, since it was suspended last; the deadline counts from here
 * @param restarts how often it was started again
 * @param failures runs in a row that ended early; determines the next delay
 * @param nextStartAt not to be started before
 * @param lastExit how the last run ended
 * @param outcome set once the agent will not be started again
 * @param milestones when each stage was first reached
 * @param fenced what stood around the current run last, or around the last one that ended
 * @param promise what of the node's capacity is promised to it; empty for what was accepted by earlier versions
 * @param probeFailure of the probe for which the current run is stopped, or the last one that ended was
 */
public record JournalEntry(
        Assignment assignment,
        State state,
        Optional<String> bootId,
        Optional<Run> run,
        Optional<Instant> firstStartedAt,
        int restarts,
        int failures,
        Optional<Instant> nextStartAt,
        Optional<ExitStatus> lastExit,
        Optional<Outcome> outcome,
        Milestones milestones,
        Optional<Fenced> fenced,
        Optional<ProbeFailure> probeFailure,
        Optional<ResourceAmounts> promise) {

    public JournalEntry {
        // In journals of versions that knew none.
        promise = promise == null ? Optional.empty() : promise;
        Objects.requireNonNull(assignment, "assignment");
        Objects.requireNonNull(state, "state");
    }

    /** Where a sandbox stands with this node. */
    public enum State {
        /** Not yet taken on. */
        SEEN,
        /** Taken on: its requests count against the node's capacity. */
        ACCEPTED,
        /** To be removed: it is not started again, whatever happens. */
        DELETED
    }

    /**
     * A run of the agent.
     *
     * @param released true from just before its first instruction may have run
     * @param applied the assignment that is in force in it
     * @param stoppingSince when it was first asked to stop; its grace period counts from here
     * @param probed what its probes said last, where it has some and they have said something
     * @param suspending whether it is stopped in order to be begun anew when the agent is resumed
     */
    public record Run(
            Instant begunAt,
            boolean released,
            Assignment applied,
            Optional<Instant> stoppingSince,
            Optional<Probed> probed,
            boolean suspending) {
        private static Run begun(Instant at, boolean released, Assignment applied) {
            return new Run(at, released, applied, Optional.empty(), Optional.empty(), false);
        }

        private Run releasing() {
            return new Run(begunAt, true, applied, stoppingSince, probed, suspending);
        }

        private Run applied(Assignment inForce) {
            return new Run(begunAt, released, inForce, stoppingSince, probed, suspending);
        }

        private Run stopping(Instant at) {
            return new Run(begunAt, released, applied, stoppingSince.or(() -> Optional.of(at)), probed, suspending);
        }

        private Run probed(Probed said) {
            return new Run(begunAt, released, applied, stoppingSince, Optional.of(said), suspending);
        }

        private Run suspending(boolean so) {
            return new Run(begunAt, released, applied, stoppingSince, probed, so);
        }
    }

    /** What probes said of a run: whether it has started, and whether it is ready. */
    public record Probed(boolean started, boolean ready) {}

    /**
     * Why a run is stopped before its time.
     *
     * @param reason in CamelCase
     * @param message which probe, and how its last attempt failed
     * @param gracePeriod of the probe, where it has one of its own
     */
    public record ProbeFailure(String reason, String message, Optional<Duration> gracePeriod) {}

    /**
     * The fence around a run, as the kernel acknowledged it.
     *
     * @param address of the agent
     * @param group its policy group
     * @param hash of the group's ruleset
     * @param revision of the node's policy in which that ruleset was put into force
     */
    public record Fenced(String address, String group, String hash, long revision) {}

    /** Why the agent will not be started again. */
    public record Outcome(Kind kind, String reason, String message) {
        /** How it ended. */
        public enum Kind {
            SUCCEEDED,
            FAILED,
            REJECTED
        }
    }

    /** When each stage was first reached. */
    public record Milestones(
            Optional<Instant> prepared,
            Optional<Instant> fenced,
            Optional<Instant> started,
            Optional<Instant> finished) {
        public static final Milestones NONE =
                new Milestones(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

        private Milestones reached(Instant preparedAt, Instant fencedAt) {
            return new Milestones(
                    prepared.or(() -> Optional.of(preparedAt)),
                    fenced.or(() -> Optional.of(fencedAt)),
                    started,
                    finished);
        }

        private Milestones startedAt(Instant at) {
            return new Milestones(prepared, fenced, started.or(() -> Optional.of(at)), Optional.empty());
        }

        private Milestones finishedAt(Instant at) {
            return new Milestones(prepared, fenced, started, Optional.of(at));
        }
    }

    /** The entry of an assignment that was just seen. */
    public static JournalEntry of(Assignment assignment) {
        return new JournalEntry(
                assignment,
                State.SEEN,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Milestones.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** Whether its requests count against the node's capacity. */
    public boolean holdsCapacity() {
        return state != State.SEEN && outcome.isEmpty();
    }

    public JournalEntry withAssignment(Assignment changed) {
        return with(changed, state, run, failures, nextStartAt, outcome);
    }

    /** Taken on by this node, with what it requests. */
    public JournalEntry acceptedHere() {
        return with(assignment, State.ACCEPTED, run, failures, nextStartAt, outcome)
                .promised();
    }

    /** What it requests now is promised to it. */
    public JournalEntry promised() {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                run,
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                milestones,
                fenced,
                probeFailure,
                Optional.of(assignment.requests()));
    }

    /** What of the node's capacity it has. */
    public ResourceAmounts promisedRequests() {
        return promise.or(() -> run.map(begun -> begun.applied().requests())).orElse(assignment.requests());
    }

    /** To be removed. */
    public JournalEntry deleted() {
        return with(assignment, State.DELETED, run, failures, nextStartAt, outcome);
    }

    /** A run is about to be created. */
    public JournalEntry beginning(String boot, Instant now) {
        return inRun(state, boot, Run.begun(now, false, assignment));
    }

    /** The stages before the start are done, and the first instruction is about to run. */
    public JournalEntry releasing(Instant preparedAt, Instant fencedAt, Fenced by) {
        return with(run.map(Run::releasing), firstStartedAt, lastExit, milestones.reached(preparedAt, fencedAt))
                .fencedBy(by);
    }

    /** The kernel holds that around the current run. */
    public JournalEntry fencedBy(Fenced by) {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                run,
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                milestones,
                Optional.of(by),
                probeFailure,
                promise);
    }

    /** The agent runs. */
    public JournalEntry started(Instant at) {
        return with(run, firstStartedAt.or(() -> Optional.of(at)), lastExit, milestones.startedAt(at));
    }

    /** What runs was begun by a process whose journal is lost. */
    public JournalEntry found(String boot, Instant begunAt) {
        return inRun(State.ACCEPTED, boot, Run.begun(begunAt, true, assignment)).promised();
    }

    private JournalEntry inRun(State newState, String boot, Run begun) {
        return new JournalEntry(
                assignment,
                newState,
                Optional.of(boot),
                Optional.of(begun),
                firstStartedAt,
                restarts,
                failures,
                Optional.empty(),
                lastExit,
                outcome,
                milestones,
                fenced,
                Optional.empty(),
                promise);
    }

    /** The assignment is in force in the current run. */
    public JournalEntry applied(Assignment inForce) {
        return with(run.map(begun -> begun.applied(inForce)), firstStartedAt, lastExit, milestones)
                .promised();
    }

    /** The probes of the current run say that. */
    public JournalEntry probed(Probed said) {
        return with(run.map(begun -> begun.probed(said)), firstStartedAt, lastExit, milestones);
    }

    /** The current run is to be stopped for that. */
    public JournalEntry failing(ProbeFailure failure) {
        return withProbeFailure(probeFailure.or(() -> Optional.of(failure)));
    }

    /** The current run is to be stopped, and another to be begun once the agent is resumed. */
    public JournalEntry suspending() {
        return with(run.map(begun -> begun.suspending(true)), firstStartedAt, lastExit, milestones);
    }

    /** Whether the current run is stopped for that. */
    public boolean isSuspending() {
        return run.filter(Run::suspending).isPresent();
    }

    /** The run has ended, or will, for no reason of the node agent's. */
    public JournalEntry unasked() {
        return with(run.map(begun -> begun.suspending(false)), firstStartedAt, lastExit, milestones)
                .withProbeFailure(Optional.empty());
    }

    /** Nothing runs; when the agent is resumed it begins anew, with its deadline and without delay. */
    public JournalEntry suspended() {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                Optional.empty(),
                Optional.empty(),
                restarts,
                0,
                Optional.empty(),
                lastExit,
                outcome,
                milestones,
                fenced,
                Optional.empty(),
                promise);
    }

    private JournalEntry withProbeFailure(Optional<ProbeFailure> failure) {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                run,
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                milestones,
                fenced,
                failure,
                promise);
    }

    /** Between the request to stop the current run and its kill. */
    public Duration gracePeriod() {
        return probeFailure.flatMap(ProbeFailure::gracePeriod).orElse(assignment.gracePeriod());
    }

    /** The current run is asked to stop, if it was not before. */
    public JournalEntry stopping(Instant at) {
        return with(run.map(begun -> begun.stopping(at)), firstStartedAt, lastExit, milestones);
    }

    /** The run has ended; nothing of it has been decided yet. */
    public JournalEntry exited(ExitStatus exit) {
        return with(Optional.empty(), firstStartedAt, Optional.of(exit), milestones.finishedAt(exit.finishedAt()));
    }

    /** Will be started again at that time. */
    public JournalEntry restartingAt(Instant at, int failuresInARow) {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                Optional.empty(),
                firstStartedAt,
                restarts + 1,
                failuresInARow,
                Optional.of(at),
                lastExit,
                outcome,
                milestones,
                fenced,
                probeFailure,
                promise);
    }

    /** A start failed before the agent ran; tried again at that time. */
    public JournalEntry retryingAt(Instant at) {
        return with(assignment, state, Optional.empty(), failures, Optional.of(at), outcome);
    }

    /** Will not be started again. */
    public JournalEntry ended(Outcome how) {
        return with(assignment, state, Optional.empty(), failures, Optional.empty(), Optional.of(how));
    }

    private JournalEntry with(
            Assignment newAssignment,
            State newState,
            Optional<Run> newRun,
            int newFailures,
            Optional<Instant> newNextStartAt,
            Optional<Outcome> newOutcome) {
        return new JournalEntry(
                newAssignment,
                newState,
                bootId,
                newRun,
                firstStartedAt,
                restarts,
                newFailures,
                newNextStartAt,
                lastExit,
                newOutcome,
                milestones,
                fenced,
                probeFailure,
                promise);
    }

    private JournalEntry with(
            Optional<Run> newRun,
            Optional<Instant> newFirstStartedAt,
            Optional<ExitStatus> newLastExit,
            Milestones newMilestones) {
        return new JournalEntry(
                assignment,
                state,
                bootId,
                newRun,
                newFirstStartedAt,
                restarts,
                failures,
                nextStartAt,
                newLastExit,
                outcome,
                newMilestones,
                fenced,
                probeFailure,
                promise);
    }
}
