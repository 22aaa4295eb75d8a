package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.Signals;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Removes a node: first its agents have to go, then its namespace goes. As long as its node agent lives, the agents' owners
 * decide when they go. A node that sends no heartbeat while it is being removed is gone for good: nobody is left to wait for.
 */
public final class NodeRemoval {
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Fleet fleet;
    private final Signals signals;
    private final Heartbeats heartbeats;
    private final Assignments assignments;
    private final NodeProvisioning provisioning;
    private final NodeReadiness readiness;

    public NodeRemoval(
            Fleet fleet,
            Signals signals,
            Heartbeats heartbeats,
            Assignments assignments,
            NodeProvisioning provisioning,
            NodeReadiness readiness) {
        this.fleet = fleet;
        this.signals = signals;
        this.heartbeats = heartbeats;
        this.assignments = assignments;
        this.provisioning = provisioning;
        this.readiness = readiness;
    }

    /** Does the next step; empty when nothing of the node is left, otherwise when to look again. */
    public Optional<Duration> remove(AgentNode node) {
        String name = node.getMetadata().getName();
        List<AgentAssignment> left = fleet.assignmentsIn(NodeNamespace.of(name));
        boolean alive = heartbeats.isAlive(name);
        if (!left.isEmpty()) {
            if (!alive) {
                left.forEach(assignment -> assignments.retire(assignment, true));
            }
            readiness.reportRemoval(node, "Waits until %d agent(s) are gone".formatted(left.size()));
            signals.agentsChanged(fleet.agentsOn(name));
            return Optional.of(LOOK_AGAIN);
        }
        signals.agentsChanged(fleet.agentsOn(name));
        provisioning.release(node);
        return provisioning.deleteNamespace(node) ? Optional.empty() : Optional.of(LOOK_AGAIN);
    }

    /** Somebody deletes the namespace of a node that is to stay: it goes when its assignments are gone, and comes back. */
    public void namespaceIsGoing(AgentNode node) {
        if (fleet.assignmentsIn(NodeNamespace.of(node.getMetadata().getName())).isEmpty()) {
            provisioning.release(node);
        }
    }
}
