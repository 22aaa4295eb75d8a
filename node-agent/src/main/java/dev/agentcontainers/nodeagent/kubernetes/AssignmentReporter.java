package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Egress;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.audit.AuditCounters;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReporter;
import dev.agentcontainers.nodeagent.usage.UsageObserver;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Writes what is true of each agent into its AgentAssignment's status: the newest report only, only where it differs from
 * what was written last, tried again until it is written or the AgentAssignment is gone. Stages of passage are held back
 * for a moment, so that an agent that starts at once costs one write; so is what probes say where that was written just now, so that
 * one that flaps costs few. Thread-safe.
 */
public final class AssignmentReporter implements AgentReporter, AuditCounters, UsageObserver, AutoCloseable {
    /** What passes by itself: longer than most starts take, also of a hundred at once. */
    private static final Duration PASSAGE = Duration.ofSeconds(10);

    /** What has something to say: trouble may be over with the next try. */
    private static final Duration TROUBLE = Duration.ofSeconds(1);

    /** How old what is said of an agent's egress may be. */
    private static final Duration EGRESS_AGE = Duration.ofMinutes(5);

    /** The kernel tells of what it has denied a second later. */
    private static final Duration LAST_EGRESS = Duration.ofSeconds(2);

    private final Destination destination;
    private final Duration passage;
    private final ScheduledExecutorService timer;
    private final AssignmentStatuses statuses;
    private final Function<SandboxId, Optional<AuditCounts>> counts;
    private final LongAdder writes = new LongAdder();
    private final Map<String, Outbox> outboxes = new HashMap<>();
    private final Map<SandboxId, SandboxStats> looks = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Where statuses are written to. */
    @FunctionalInterface
    interface Destination {
        /** Returns false where the AgentAssignment does not exist; throws where it is not known whether it was written. */
        boolean write(String assignment, AgentAssignmentStatus status);
    }

    /**
     * @param namespace the node's
     * @param probes what each driver found out about this machine, by the driver's name, as of when it is asked for
     * @param weaknesses why a driver's isolation is not what it promises, by the driver's name, as of when it is asked for
     * @param counts what each agent was let do and denied so far
     */
    public AssignmentReporter(
            KubernetesClient client,
            String namespace,
            Supplier<Map<String, DriverProbe>> probes,
            Supplier<Map<String, String>> weaknesses,
            Function<SandboxId, Optional<AuditCounts>> counts,
            ScheduledExecutorService timer) {
        this(
                (assignment, status) -> StatusPatch.write(
                        client, StatusPatch.named(new AgentAssignment(), namespace, assignment), status),
                PASSAGE,
                probes,
                weaknesses,
                counts,
                timer);
        timer.scheduleWithFixedDelay(this::sayEgress, EGRESS_AGE.toSeconds(), EGRESS_AGE.toSeconds(), TimeUnit.SECONDS);
    }

    /** @param passage how long a stage of passage is held back that has nothing to say, and what probes say again */
    AssignmentReporter(
            Destination destination,
            Duration passage,
            Supplier<Map<String, DriverProbe>> probes,
            Supplier<Map<String, String>> weaknesses,
            Function<SandboxId, Optional<AuditCounts>> counts,
            ScheduledExecutorService timer) {
        this.destination = destination;
        this.passage = passage;
        this.timer = timer;
        this.counts = counts;
        this.statuses = new AssignmentStatuses(probes, weaknesses);
    }

    @Override
    public synchronized void report(AgentReport report) {
        if (!closed) {
            outboxes.computeIfAbsent(report.assignment().id().value(), Outbox::new)
                    .offer(report);
        }
    }

    /** Says of all agents what is known now of their drivers, where it is another than was said last. */
    public synchronized void sayAgain() {
        outboxes.values().forEach(Outbox::sayAgain);
    }

    /** Says that this node agent can't read the assignment, and why. */
    void unreadable(AgentAssignment resource, String message) {
        boolean deleted = resource.getMetadata().getDeletionTimestamp() != null;
        AssignmentPhase phase = deleted ? AssignmentPhase.Stopped : AssignmentPhase.Rejected;
        report(resource.getMetadata().getName(), AssignmentStatuses.unreadable(resource, phase, message));
    }

    private synchronized void report(String assignment, AgentAssignmentStatus status) {
        if (!closed) {
            outboxes.computeIfAbsent(assignment, Outbox::new).offer(status);
        }
    }

    /** Says what agents were let do and denied, of those of which it is another than was said last. */
    synchronized void sayEgress() {
        outboxes.values().forEach(Outbox::sayEgress);
    }

    @Override
    public void came(AuditSubject subject, AuditCounts counts) {}

    /** Whoever waits for the agent is to see at once why it does not go on. */
    @Override
    public void usedUp(AuditSubject subject, String rule) {
        Outbox outbox;
        synchronized (this) {
            outbox = outboxes.get(subject.sandbox().value());
        }
        if (outbox != null) {
            outbox.sayEgress();
        }
    }

    @Override
    public void gone(SandboxId id) {}

    /** Goes along with what is written next for another reason. */
    @Override
    public void uses(SandboxId id, Assignment.Agent agent, SandboxStats stats) {
        looks.put(id, stats);
    }

    @Override
    public void usesNothing(SandboxId id) {
        looks.remove(id);
    }

    /** What nobody waits for any more need not be remembered. */
    private synchronized void forget(String assignment, Outbox outbox) {
        if (outbox.isIdle()) {
            outboxes.remove(assignment, outbox);
        }
    }

    /** How many statuses wait to be written. */
    public synchronized int waiting() {
        return (int) outboxes.values().stream().filter(Outbox::isWaiting).count();
    }

    /** How many statuses were written so far. */
    public long writes() {
        return writes.sum();
    }

    @Override
    public synchronized void close() {
        closed = true;
        outboxes.values().forEach(Outbox::close);
    }

    private static boolean isOver(AssignmentPhase phase) {
        return phase == AssignmentPhase.Succeeded || phase == AssignmentPhase.Failed;
    }

    private Duration delay(AgentAssignmentStatus status) {
        return switch (status.phase()) {
            case Preparing -> status.message() == null ? passage : TROUBLE;
            case Stopping -> TROUBLE;
            case Running, Suspended, Succeeded, Failed, Rejected, Stopped -> Duration.ZERO;
        };
    }

    /** The statuses of one assignment. */
    private final class Outbox {
        private final String assignment;
        private final RepeatedTask writing;
        /** Both without what is said of egress and of what a run uses, which go along with what is written for another reason. */
        private Optional<AgentAssignmentStatus> newest = Optional.empty();

        private Optional<AgentAssignmentStatus> written = Optional.empty();

        /** On its way to the API server. */
        private Optional<AgentAssignmentStatus> beingWritten = Optional.empty();

        /** What {@link #newest} was made of. */
        private Optional<AgentReport> report = Optional.empty();

        /** When the run began that {@link #newest} speaks of, where one goes on. */
        private Optional<Instant> going = Optional.empty();

        /** The same of {@link #beingWritten}. */
        private Optional<Instant> goingInWriting = Optional.empty();

        /** Kept here for an agent that is gone. */
        private Optional<AuditCounts> known = Optional.empty();

        private Optional<Egress> egressWritten = Optional.empty();
        private boolean egressIsOld;
        /** When a change of what probes say was last written, by {@link System#nanoTime}. */
        private Optional<Long> availabilityWritten = Optional.empty();

        Outbox(String assignment) {
            this.assignment = assignment;
            this.writing = new RepeatedTask("status of " + assignment, timer, this::write);
        }

        synchronized void offer(AgentReport newReport) {
            report = Optional.of(newReport);
            offer(statuses.of(newReport), newReport.goingSince());
        }

        synchronized void sayAgain() {
            report.filter(last -> newest.isPresent() && !newest.equals(Optional.of(statuses.of(last))))
                    .ifPresent(this::offer);
        }

        /** Of an agent of which nothing runs here. */
        synchronized void offer(AgentAssignmentStatus status) {
            offer(status, Optional.empty());
        }

        private void offer(AgentAssignmentStatus status, Optional<Instant> runSince) {
            newest = Optional.of(status);
            going = runSince;
            writing.request(onlyAvailabilityIsNew(status) ? delayOfAvailability() : delay(status));
        }

        private boolean onlyAvailabilityIsNew(AgentAssignmentStatus status) {
            return status.availability() != null
                    && beingWritten
                            .or(() -> written)
                            .map(AssignmentStatuses::withoutAvailability)
                            .equals(Optional.of(AssignmentStatuses.withoutAvailability(status)));
        }

        /** What probes say may be another with each attempt: after the first word of it the next ones are taken together. */
        private Duration delayOfAvailability() {
            Duration left = availabilityWritten
                    .map(at -> passage.minusNanos(System.nanoTime() - at))
                    .orElse(Duration.ZERO);
            return left.isNegative() ? Duration.ZERO : left;
        }

        synchronized void sayEgress() {
            if (written.isPresent() && !egress().equals(egressWritten)) {
                egressIsOld = true;
                writing.request();
            }
        }

        private synchronized Optional<Egress> egress() {
            known = counts.apply(new SandboxId(assignment)).or(() -> known);
            return known.map(AssignmentStatuses::egress);
        }

        /** Finished for good, with nothing left to say. */
        synchronized boolean isIdle() {
            return !isWaiting()
                    && newest.filter(status -> status.phase() != AssignmentPhase.Stopped)
                            .isEmpty();
        }

        synchronized boolean isWaiting() {
            return egressIsOld || !newest.equals(written);
        }

        private synchronized Optional<AgentAssignmentStatus> next() {
            Optional<AgentAssignmentStatus> next = isWaiting() ? newest : Optional.empty();
            egressIsOld = false;
            next.ifPresent(this::begin);
            return next;
        }

        private void begin(AgentAssignmentStatus status) {
            Optional<AgentAssignmentStatus.Availability> before = written.map(AgentAssignmentStatus::availability);
            if (before.isPresent() && !before.equals(Optional.ofNullable(status.availability()))) {
                availabilityWritten = Optional.of(System.nanoTime());
            }
            beingWritten = Optional.of(status);
            goingInWriting = going;
        }

        /** A look at an earlier run says nothing of this one. */
        private synchronized AgentAssignmentStatus withLook(AgentAssignmentStatus status) {
            return Optional.ofNullable(looks.get(new SandboxId(assignment)))
                    .filter(look -> goingInWriting.equals(Optional.of(look.startedAt())))
                    .map(look -> AssignmentStatuses.with(status, look))
                    .orElse(status);
        }

        private void write() {
            Optional<AgentAssignmentStatus> status = next();
            if (status.isEmpty()) {
                return;
            }
            Optional<Egress> egress = egress();
            AgentAssignmentStatus used = withLook(status.get());
            boolean exists = write(
                    egress.map(said -> AssignmentStatuses.with(used, said)).orElse(used));
            writes.increment();
            wrote(status.get(), egress, exists);
            forget(assignment, this);
        }

        private boolean write(AgentAssignmentStatus status) {
            try {
                return destination.write(assignment, status);
            } catch (RuntimeException e) {
                keepWaiting();
                throw e;
            }
        }

        /** It is tried again, also where only what is said of egress is new. */
        private synchronized void keepWaiting() {
            egressIsOld = written.isPresent();
            beingWritten = Optional.empty();
        }

        private synchronized void wrote(AgentAssignmentStatus status, Optional<Egress> egress, boolean exists) {
            written = Optional.of(status);
            beingWritten = Optional.empty();
            egressWritten = egress;
            if (isOver(status.phase()) && !closed) {
                var _ = timer.schedule(this::sayEgress, LAST_EGRESS.toMillis(), TimeUnit.MILLISECONDS);
            }
            if (!exists && newest.equals(written)) {
                newest = Optional.empty();
                written = Optional.empty();
            }
        }

        void close() {
            writing.close();
        }
    }
}
