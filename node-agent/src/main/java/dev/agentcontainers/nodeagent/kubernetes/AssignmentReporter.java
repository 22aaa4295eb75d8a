package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import dev.agentcontainers.nodeagent.supervisor.AgentReporter;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Writes what is true of each agent into its AgentAssignment's status: the newest report only, only where it differs from
 * what was written last, tried again until it is written or the AgentAssignment is gone. Stages of passage are held back
 * for a moment, so that an agent that starts at once costs one write. Thread-safe.
 */
public final class AssignmentReporter implements AgentReporter, AutoCloseable {
    /** What passes by itself: longer than most starts take, also of a hundred at once. */
    private static final Duration PASSAGE = Duration.ofSeconds(10);

    /** What has something to say: trouble may be over with the next try. */
    private static final Duration TROUBLE = Duration.ofSeconds(1);

    private final Destination destination;
    private final Duration passage;
    private final ScheduledExecutorService timer;
    private final AssignmentStatuses statuses;
    private final LongAdder writes = new LongAdder();
    private final Map<String, Outbox> outboxes = new HashMap<>();
    private boolean closed;

    /** Where statuses are written to. */
    @FunctionalInterface
    interface Destination {
        /** Returns false where the AgentAssignment does not exist; throws where it is not known whether it was written. */
        boolean write(String assignment, AgentAssignmentStatus status);
    }

    /**
     * @param namespace the node's
     * @param probes what each driver found out about this machine, by the driver's name, as of when it is asked for
     */
    public AssignmentReporter(
            KubernetesClient client,
            String namespace,
            Supplier<Map<String, DriverProbe>> probes,
            ScheduledExecutorService timer) {
        this(
                (assignment, status) -> StatusPatch.write(
                        client, StatusPatch.named(new AgentAssignment(), namespace, assignment), status),
                PASSAGE,
                probes,
                timer);
    }

    /** @param passage how long a stage of passage is held back that has nothing to say */
    AssignmentReporter(
            Destination destination,
            Duration passage,
            Supplier<Map<String, DriverProbe>> probes,
            ScheduledExecutorService timer) {
        this.destination = destination;
        this.passage = passage;
        this.timer = timer;
        this.statuses = new AssignmentStatuses(probes);
    }

    @Override
    public void report(AgentReport report) {
        report(report.assignment().id().value(), statuses.of(report));
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

    private Duration delay(AgentAssignmentStatus status) {
        return switch (status.phase()) {
            case Preparing -> status.message() == null ? passage : TROUBLE;
            case Stopping -> TROUBLE;
            case Running, Succeeded, Failed, Rejected, Stopped -> Duration.ZERO;
        };
    }

    /** The statuses of one assignment. */
    private final class Outbox {
        private final String assignment;
        private final RepeatedTask writing;
        private Optional<AgentAssignmentStatus> newest = Optional.empty();
        private Optional<AgentAssignmentStatus> written = Optional.empty();

        Outbox(String assignment) {
            this.assignment = assignment;
            this.writing = new RepeatedTask("status of " + assignment, timer, this::write);
        }

        synchronized void offer(AgentAssignmentStatus status) {
            newest = Optional.of(status);
            writing.request(delay(status));
        }

        /** Finished for good, with nothing left to say. */
        synchronized boolean isIdle() {
            return !isWaiting()
                    && newest.filter(status -> status.phase() != AssignmentPhase.Stopped)
                            .isEmpty();
        }

        synchronized boolean isWaiting() {
            return !newest.equals(written);
        }

        private synchronized Optional<AgentAssignmentStatus> next() {
            return isWaiting() ? newest : Optional.empty();
        }

        private void write() {
            Optional<AgentAssignmentStatus> status = next();
            if (status.isEmpty()) {
                return;
            }
            boolean exists = destination.write(assignment, status.get());
            writes.increment();
            wrote(status.get(), exists);
            forget(assignment, this);
        }

        private synchronized void wrote(AgentAssignmentStatus status, boolean exists) {
            written = Optional.of(status);
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
