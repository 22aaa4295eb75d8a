package dev.agentcontainers.operator.node;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.policygroup.NodePolicies;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes a node: first its agents have to go, then its namespace goes. As long as its node agent lives, the agents' owners
 * decide when they go. A node that sends no heartbeat while it is being removed is gone for good: nobody is left to wait for.
 */
public final class NodeRemoval {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRemoval.class);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Fleet fleet;
    private final Signals signals;
    private final Heartbeats heartbeats;
    private final Assignments assignments;
    private final NodeProvisioning provisioning;
    private final NodeReadiness readiness;
    private final NodePolicies nodePolicies;
    private final EventPublisher events;

    public NodeRemoval(
            Fleet fleet,
            Signals signals,
            Heartbeats heartbeats,
            Assignments assignments,
            NodeProvisioning provisioning,
            NodeReadiness readiness,
            NodePolicies nodePolicies,
            EventPublisher events) {
        this.fleet = fleet;
        this.signals = signals;
        this.heartbeats = heartbeats;
        this.assignments = assignments;
        this.provisioning = provisioning;
        this.readiness = readiness;
        this.nodePolicies = nodePolicies;
        this.events = events;
    }

    /** Does the next step; empty when nothing of the node is left, otherwise when to look again. */
    public Optional<Duration> remove(AgentNode node) {
        String name = node.getMetadata().getName();
        List<AgentAssignment> left = fleet.assignmentsIn(NodeNamespace.of(name));
        boolean alive = heartbeats.isAlive(name);
        if (alive) {
            tellPolicies(name);
        }
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
        if (!provisioning.deleteNamespace(node)) {
            return Optional.of(LOOK_AGAIN);
        }
        nodePolicies.forget(name);
        events.publish(node, EventReason.NodeRemoved, "Nothing of the node is left in the cluster");
        return Optional.empty();
    }

    /** Agents that must leave wait until the node knows the leader's epoch; those that stay keep their policies. */
    private void tellPolicies(String nodeName) {
        if (fleet.agentsOn(nodeName).isEmpty()) {
            return;
        }
        try {
            nodePolicies.publish(nodeName);
        } catch (KubernetesClientException e) {
            LOG.debug("The policies of node {} were not published; it is tried again", nodeName, e);
        }
    }

    /** Somebody deletes the namespace of a node that is to stay: it goes when its assignments are gone, and comes back. */
    public void namespaceIsGoing(AgentNode node) {
        if (fleet.assignmentsIn(NodeNamespace.of(node.getMetadata().getName())).isEmpty()) {
            provisioning.release(node);
        }
    }
}
