package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.node.Heartbeats;
import dev.agentcontainers.operator.status.NodeState;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** What is known of a node, from the point of view of its agents. */
@ApplicationScoped
public class NodeStates {
    private final Fleet fleet;
    private final Heartbeats heartbeats;
    private final KubernetesClient client;

    public NodeStates(Fleet fleet, Heartbeats heartbeats, KubernetesClient client) {
        this.fleet = fleet;
        this.heartbeats = heartbeats;
        this.client = client;
    }

    NodeState of(String nodeName) {
        Optional<AgentNode> node = fleet.node(nodeName).or(() -> uncached(nodeName));
        if (node.isEmpty()) {
            return NodeState.REMOVED;
        }
        if (heartbeats.isAlive(nodeName)) {
            return NodeState.ALIVE;
        }
        return isBeingRemoved(node.get()) ? NodeState.REMOVED : NodeState.SILENT;
    }

    /** Whether an administrator is removing the node, so that nothing new may begin there. */
    boolean isClosing(String nodeName) {
        return fleet.node(nodeName).filter(NodeStates::isBeingRemoved).isPresent();
    }

    private static boolean isBeingRemoved(AgentNode node) {
        return node.getMetadata().getDeletionTimestamp() != null;
    }

    /** The caches of agents and nodes are filled apart: that one doesn't know a node is no proof. */
    private Optional<AgentNode> uncached(String nodeName) {
        return Optional.ofNullable(
                client.resources(AgentNode.class).withName(nodeName).get());
    }
}
