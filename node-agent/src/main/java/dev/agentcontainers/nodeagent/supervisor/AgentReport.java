package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.journal.JournalEntry.ProbeFailure;
import dev.agentcontainers.nodeagent.probe.Health;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
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
        Map<String, String> mountedImages) {
    public AgentReport {
        mountedImages = Map.copyOf(mountedImages);
    }

    /** Without an image and probes. */
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
                Map.of());
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
                mounted);
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
                mountedImages);
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
