package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Fenced;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Outcome;
import dev.agentcontainers.nodeagent.journal.JournalEntry.ProbeFailure;
import dev.agentcontainers.nodeagent.journal.JournalException;
import dev.agentcontainers.nodeagent.probe.Health;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Availability;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Enforcement;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Run;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/** Says what is true of one agent, once for each change. Used by one thread. */
final class AgentReports {
    /** The reason of an agent whose driver does not isolate as strongly as it must be. */
    static final String TOO_WEAK = "IsolationTooWeak";

    private final AgentReporter reporter;
    private final HeldImages images;
    private final Supplier<Optional<Health>> health;
    private Optional<AgentReport> last = Optional.empty();

    /**
     * @param images that the agent has by now
     * @param health what its probes say by now; empty while none is asked
     */
    AgentReports(AgentReporter reporter, HeldImages images, Supplier<Optional<Health>> health) {
        this.reporter = reporter;
        this.images = images;
        this.health = health;
    }

    void preparing(JournalEntry entry, String reason, String message) {
        send(report(entry.assignment(), Optional.of(entry), AssignmentPhase.Preparing, reason, message));
    }

    /** Between two runs, or before a start is tried again; the reason of the last trouble stays. */
    void waiting(JournalEntry entry) {
        boolean restart = entry.lastExit().isPresent();
        Optional<ProbeFailure> failure = entry.probeFailure().filter(_ -> restart);
        Optional<AgentReport> trouble = last.filter(report -> report.phase() == AssignmentPhase.Preparing && !restart);
        String reason = failure.isPresent()
                ? failure.get().reason()
                : restart ? "BackOff" : trouble.map(AgentReport::reason).orElse("BackOff");
        String message = restart
                ? failure.map(its -> its.message() + "; ").orElse("") + "ended with exit code "
                        + entry.lastExit().map(ExitStatus::code).orElse(0) + "; started again at "
                        + entry.nextStartAt().map(Objects::toString).orElse("once")
                : trouble.map(AgentReport::message).orElse("");
        preparing(entry, reason, message);
    }

    /**
     * @param startedAt when its run began
     * @param applied the assignment that is in force, which may be an earlier one
     * @param refused why the newest is not
     * @param availability what its probes say, where it has some
     */
    void running(
            JournalEntry entry,
            Instant startedAt,
            Assignment applied,
            Optional<SandboxException> refused,
            Optional<Availability> availability) {
        send(new AgentReport(
                        applied,
                        AssignmentPhase.Running,
                        refused.map(failure -> "UpdateRefused").orElse("Running"),
                        refused.map(SandboxException::getMessage).orElse(""),
                        entry.fenced().map(Fenced::address),
                        entry.fenced().map(AgentReports::enforcement),
                        entry.lastExit().map(ExitStatus::code),
                        entry.restarts(),
                        entry.milestones())
                .withAvailability(availability)
                .withRun(Optional.of(new Run.Going(startedAt))));
    }

    /** Nothing of it runs, and is not to. */
    void suspended(JournalEntry entry) {
        send(report(entry.assignment(), Optional.of(entry), AssignmentPhase.Suspended, "Suspended", ""));
    }

    /** What the probes of a running agent say by now; all else stays as it was said until it is known. */
    void probed() {
        Optional<Availability> said = health.get().map(Availability::of);
        last.filter(report -> said.isPresent() && report.phase() == AssignmentPhase.Running)
                .ifPresent(report -> send(report.withAvailability(said)));
    }

    void settled(JournalEntry entry) {
        Outcome outcome = entry.outcome().orElseThrow();
        AssignmentPhase phase = switch (outcome.kind()) {
            case SUCCEEDED -> AssignmentPhase.Succeeded;
            case FAILED -> AssignmentPhase.Failed;
            case REJECTED -> AssignmentPhase.Rejected;
        };
        AgentReport plain = report(entry.assignment(), Optional.of(entry), phase, outcome.reason(), outcome.message());
        send(new AgentReport(
                        plain.assignment(),
                        plain.phase(),
                        plain.reason(),
                        plain.message(),
                        // Another agent may have it by now.
                        Optional.empty(),
                        entry.fenced().map(AgentReports::enforcement),
                        plain.exitCode(),
                        plain.restarts(),
                        plain.milestones())
                .withRun(plain.run()));
    }

    void stopping(Assignment assignment, Optional<JournalEntry> entry) {
        AgentReport plain = report(assignment, entry, AssignmentPhase.Stopping, "Deleted", "");
        Optional<Run> going = last.flatMap(AgentReport::goingSince).map(Run.Going::new);
        send(plain.withRun(going.or(plain::run)));
    }

    void stopped(Assignment assignment, Optional<JournalEntry> entry) {
        send(report(assignment, entry, AssignmentPhase.Stopped, "Deleted", ""));
    }

    /** A step outside a start failed and is tried again; the phase stays. */
    void trouble(Assignment assignment, Optional<JournalEntry> entry, SandboxException failure) {
        // What the fence holds is not known while it can't be brought in step.
        boolean fenceKnown = failure.step() != Step.FENCE;
        again(
                assignment,
                entry,
                reasonOf(failure.step()),
                Objects.requireNonNullElse(failure.getMessage(), ""),
                fenceKnown);
    }

    void unjournalled(Assignment assignment, Optional<JournalEntry> entry, JournalException failure) {
        again(assignment, entry, "JournalFailed", Objects.requireNonNullElse(failure.getMessage(), ""), true);
    }

    void internalError(Assignment assignment, Optional<JournalEntry> entry, Exception failure) {
        again(assignment, entry, "InternalError", "unexpected failure, tried again: " + failure, true);
    }

    static String reasonOf(Step step) {
        return switch (step) {
            case RESOLVE -> "ResolveFailed";
            case PULL -> "PullFailed";
            case VERIFY -> "SignatureFailed";
            case PREPARE -> "PrepareFailed";
            case CREATE -> "CreateFailed";
            case FENCE -> "FenceFailed";
            case START -> "StartFailed";
            case OBSERVE -> "ObserveFailed";
            case EXEC -> "ExecFailed";
            case SAVE -> "SaveFailed";
            case RESTORE -> "RestoreFailed";
            case STOP -> "StopFailed";
            case REMOVE -> "RemoveFailed";
        };
    }

    private void again(
            Assignment assignment, Optional<JournalEntry> entry, String reason, String message, boolean fenceKnown) {
        AssignmentPhase phase = last.map(AgentReport::phase).orElse(AssignmentPhase.Preparing);
        Optional<AgentReport> before = last;
        AgentReport plain = report(assignment, entry, phase, reason, message);
        send(new AgentReport(
                        plain.assignment(),
                        plain.phase(),
                        plain.reason(),
                        plain.message(),
                        before.flatMap(AgentReport::address),
                        before.flatMap(AgentReport::enforcement).filter(known -> fenceKnown),
                        plain.exitCode(),
                        plain.restarts(),
                        plain.milestones())
                .withAvailability(availability(plain, entry))
                .withRun(phase == AssignmentPhase.Running ? before.flatMap(AgentReport::run) : plain.run()));
    }

    /** As it is by now. An agent whose probes are asked no more, since its run ends or has ended, is not known to be well. */
    private Optional<Availability> availability(AgentReport trouble, Optional<JournalEntry> entry) {
        if (trouble.phase() != AssignmentPhase.Running
                || !trouble.assignment().probes().any()) {
            return Optional.empty();
        }
        return entry.flatMap(JournalEntry::probeFailure)
                .map(Availability::of)
                .or(() -> health.get().map(Availability::of))
                .or(() -> Optional.of(new Availability(false, trouble.reason(), trouble.message())));
    }

    private static Enforcement enforcement(Fenced fenced) {
        return new Enforcement(fenced.group(), fenced.hash(), fenced.revision());
    }

    /** Once another run is begun, what the last one used is no news of the agent. */
    private static Optional<Run> lastRun(JournalEntry entry) {
        return entry.run().isPresent()
                ? Optional.empty()
                : entry.lastExit().flatMap(ExitStatus::use).map(Run.Ended::new);
    }

    private static AgentReport report(
            Assignment assignment, Optional<JournalEntry> entry, AssignmentPhase phase, String reason, String message) {
        return new AgentReport(
                        assignment,
                        phase,
                        reason,
                        message,
                        Optional.empty(),
                        Optional.empty(),
                        entry.flatMap(JournalEntry::lastExit).map(ExitStatus::code),
                        entry.map(JournalEntry::restarts).orElse(0),
                        entry.map(JournalEntry::milestones).orElse(Milestones.NONE))
                .withRun(entry.flatMap(AgentReports::lastRun));
    }

    private void send(AgentReport plain) {
        // Of an agent without an image nothing is asked: the images' disk may be away.
        Assignment assignment = plain.assignment();
        AgentReport report = assignment.needsImages()
                ? plain.withImages(images.digest(assignment), images.mountedDigests(assignment))
                : plain;
        if (!last.equals(Optional.of(report))) {
            last = Optional.of(report);
            reporter.report(report);
        }
    }
}
