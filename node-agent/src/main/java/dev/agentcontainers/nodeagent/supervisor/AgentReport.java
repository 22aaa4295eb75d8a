package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.journal.JournalEntry.ProbeFailure;
import dev.agentcontainers.nodeagent.probe.Health;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What is true of one agent on this node.
 *
 * @param reason in CamelCase, for programs
 * @param message for people: which step, what was found, what would help; empty where there is nothing to say
 * @param address the agent's address while it is attached to the fence
 * @param enforcement the policy that fences it, as the kernel holds it; of a finished one what fenced it last
 * @param exitCode of the last run that ended
 * @param imageDigest of the image that it has, where it is from one
 * @param availability what the probes of the run say, where there are some
 * @param mountedImages digests of the images that it has mounts of, by the mounts' paths
 * @param run that what it uses is said of; empty where neither is known
 */
public record AgentReport(
        Assignment assignment,
        AssignmentPhase phase,
        String reason,
        String message,
        Optional<String> address,
        Optional<Enforcement> enforcement,
        Optional<Integer> exitCode,
        int restarts,
        Milestones milestones,
        Optional<String> imageDigest,
        Optional<Availability> availability,
        Map<String, String> mountedImages,
        Optional<Run> run) {
    public AgentReport {
        mountedImages = Map.copyOf(mountedImages);
    }

    /** Without an image and probes, and of no run. */
    public AgentReport(
            Assignment assignment,
            AssignmentPhase phase,
            String reason,
            String message,
            Optional<String> address,
            Optional<Enforcement> enforcement,
            Optional<Integer> exitCode,
            int restarts,
            Milestones milestones) {
        this(
                assignment,
                phase,
                reason,
                message,
                address,
                enforcement,
                exitCode,
                restarts,
                milestones,
                Optional.empty(),
                Optional.empty(),
                Map.of(),
                Optional.empty());
    }

    AgentReport withImages(Optional<String> digest, Map<String, String> mounted) {
        return new AgentReport(
                assignment,
                phase,
                reason,
                message,
                address,
                enforcement,
                exitCode,
                restarts,
                milestones,
                digest,
                availability,
                mounted,
                run);
    }

    AgentReport withAvailability(Optional<Availability> said) {
        return new AgentReport(
                assignment,
                phase,
                reason,
                message,
                address,
                enforcement,
                exitCode,
                restarts,
                milestones,
                imageDigest,
                said,
                mountedImages,
                run);
    }

    public AgentReport withRun(Optional<Run> which) {
        return new AgentReport(
                assignment,
                phase,
                reason,
                message,
                address,
                enforcement,
                exitCode,
                restarts,
                milestones,
                imageDigest,
                availability,
                mountedImages,
                which);
    }

    /** When the run began, where one goes on. */
    public Optional<Instant> goingSince() {
        return run.filter(Run.Going.class::isInstance)
                .map(Run.Going.class::cast)
                .map(Run.Going::startedAt);
    }

    /** What the last run used in all, where no other has begun and it is known. */
    public Optional<RunUse> used() {
        return run.filter(Run.Ended.class::isInstance)
                .map(Run.Ended.class::cast)
                .map(Run.Ended::use);
    }

    /** A run of the agent. */
    public sealed interface Run {
        /** It goes on: what it uses changes all the time, and is not in a report. */
        record Going(Instant startedAt) implements Run {}

        /** The last one; another has not begun yet. */
        record Ended(RunUse use) implements Run {}
    }

    /**
     * What probes say.
     *
     * @param reason in CamelCase
     * @param message which probe, and how its last attempt failed; empty where the agent is available
     */
    public record Availability(boolean available, String reason, String message) {
        static Availability of(Health health) {
            return new Availability(health.isAvailable(), health.reason(), health.message());
        }

        static final Availability SUSPENDING =
                new Availability(false, "Suspending", "it is being stopped, since spec.lifecycle.suspended is true");

        /** Of a run that is stopped for it. */
        static Availability of(ProbeFailure failure) {
            return new Availability(false, failure.reason(), failure.message());
        }
    }

    /** The policy in the kernel. */
    public record Enforcement(String group, String hash, long revision) {}
}
