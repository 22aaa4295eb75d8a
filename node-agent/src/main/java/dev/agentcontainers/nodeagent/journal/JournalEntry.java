package dev.agentcontainers.nodeagent.journal;

import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.time.Instant;
import java.util.Optional;

/**
 * What is remembered of one sandbox. Immutable.
 *
 * @param assignment the last assignment that was seen
 * @param accepted whether this node took it on: its requests count against the node's capacity
 * @param bootId the machine's boot in which the current run was begun
 * @param run the current run, from just before its creation until its exit is recorded
 * @param firstStartedAt when the agent first ran; the deadline counts from here
 * @param restarts how often it was started again
 * @param failures starts in a row that failed or runs that ended early; determines the next delay
 * @param nextStartAt not to be started before
 * @param lastExit how the last run ended
 * @param outcome set once the agent will not be started again
 * @param milestones when each stage was first reached
 */
public record JournalEntry(
        Assignment assignment,
        boolean accepted,
        Optional<String> bootId,
        Optional<Run> run,
        Optional<Instant> firstStartedAt,
        int restarts,
        int failures,
        Optional<Instant> nextStartAt,
        Optional<ExitStatus> lastExit,
        Optional<Outcome> outcome,
        Milestones milestones) {

    /**
     * A run of the agent.
     *
     * @param released true from just before its first instruction may have run
     */
    public record Run(Instant begunAt, boolean released) {}

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
    }

    /** The entry of an assignment that was just seen. */
    public static JournalEntry of(Assignment assignment) {
        return new JournalEntry(
                assignment,
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Milestones.NONE);
    }

    public JournalEntry withAssignment(Assignment changed) {
        return new JournalEntry(
                changed,
                accepted,
                bootId,
                run,
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                milestones);
    }

    /** Taken on by this node. */
    public JournalEntry acceptedHere() {
        return new JournalEntry(
                assignment,
                true,
                bootId,
                run,
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                milestones);
    }

    /** A run is about to be created. */
    public JournalEntry beginning(String boot, Instant now) {
        return new JournalEntry(
                assignment,
                accepted,
                Optional.of(boot),
                Optional.of(new Run(now, false)),
                firstStartedAt,
                restarts,
                failures,
                Optional.empty(),
                lastExit,
                outcome,
                milestones);
    }

    /** The stages before the start are done, and the first instruction is about to run. */
    public JournalEntry releasing(Instant prepared, Instant fenced) {
        Milestones reached = new Milestones(
                milestones.prepared().or(() -> Optional.of(prepared)),
                milestones.fenced().or(() -> Optional.of(fenced)),
                milestones.started(),
                milestones.finished());
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                run.map(begun -> new Run(begun.begunAt(), true)),
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                reached);
    }

    /** The agent runs. */
    public JournalEntry started(Instant at) {
        Milestones reached = new Milestones(
                milestones.prepared(),
                milestones.fenced(),
                milestones.started().or(() -> Optional.of(at)),
                Optional.empty());
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                run,
                firstStartedAt.or(() -> Optional.of(at)),
                restarts,
                failures,
                nextStartAt,
                lastExit,
                outcome,
                reached);
    }

    /** The run has ended; nothing of it has been decided yet. */
    public JournalEntry exited(ExitStatus exit) {
        Milestones reached = new Milestones(
                milestones.prepared(), milestones.fenced(), milestones.started(), Optional.of(exit.finishedAt()));
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                Optional.empty(),
                firstStartedAt,
                restarts,
                failures,
                nextStartAt,
                Optional.of(exit),
                outcome,
                reached);
    }

    /** Will be started again at that time. */
    public JournalEntry restartingAt(Instant at, int failuresInARow) {
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                Optional.empty(),
                firstStartedAt,
                restarts + 1,
                failuresInARow,
                Optional.of(at),
                lastExit,
                outcome,
                milestones);
    }

    /** A start failed before the agent ran; tried again at that time. */
    public JournalEntry retryingAt(Instant at, int failuresInARow) {
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                Optional.empty(),
                firstStartedAt,
                restarts,
                failuresInARow,
                Optional.of(at),
                lastExit,
                outcome,
                milestones);
    }

    /** Will not be started again. */
    public JournalEntry ended(Outcome how) {
        return new JournalEntry(
                assignment,
                accepted,
                bootId,
                Optional.empty(),
                firstStartedAt,
                restarts,
                failures,
                Optional.empty(),
                lastExit,
                Optional.of(how),
                milestones);
    }
}
