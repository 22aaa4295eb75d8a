package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.operator.enrolment.EnrolledNodes;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamRequest;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.HttpURLConnection;
import java.util.Optional;

/** Finds where an agent runs. Blocks on the API server. */
public final class AgentLocator {
    private final KubernetesClient client;
    private final EnrolledNodes nodes;
    private final NodeConnections connections;

    public AgentLocator(KubernetesClient client, EnrolledNodes nodes, NodeConnections connections) {
        this.client = client;
        this.nodes = nodes;
        this.connections = connections;
    }

    /**
     * An agent that can be streamed.
     *
     * @param assignment name of its AgentAssignment
     */
    public record Target(AgentContainer agent, String node, String assignment) {}

    /** @throws RefusedException where there is no such agent, or it is not where the request can be served */
    public Target locate(String namespace, String name, StreamRequest request) {
        AgentContainer agent = client.resources(AgentContainer.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
        if (agent == null) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_NOT_FOUND, "agentcontainers.agentcontainers.dev '" + name + "' not found");
        }
        String node = agent.getStatus() == null ? null : agent.getStatus().nodeName();
        if (node == null) {
            throw conflict(name, "is not placed on a node yet");
        }
        AgentAssignment assignment = assignment(node, agent.getMetadata().getUid())
                .orElseThrow(() -> conflict(name, "has no assignment on node '" + node + "' yet, or no longer"));
        requirePhase(name, assignment, request);
        connections.peer(node).ifPresent(this::dropIfStale);
        return new Target(agent, node, assignment.getMetadata().getName());
    }

    private static void requirePhase(String name, AgentAssignment assignment, StreamRequest request) {
        AssignmentPhase phase =
                assignment.getStatus() == null ? null : assignment.getStatus().phase();
        String found = "its phase on the node is " + (phase == null ? "unknown" : phase);
        switch (request) {
            case StreamRequest.Exec _, StreamRequest.Display _, StreamRequest.Usage _ -> {
                if (phase != AssignmentPhase.Running) {
                    throw conflict(name, "is not running: " + found);
                }
            }
            case StreamRequest.Save _, StreamRequest.Restore _ -> {
                if (phase != AssignmentPhase.Suspended) {
                    throw conflict(
                            name,
                            "is not suspended: %s; its files can be saved and restored only while it rests (agentctl"
                                            .formatted(found)
                                    + " suspend " + name + ")");
                }
            }
            case StreamRequest.Log _, StreamRequest.Egress _ -> {}
        }
    }

    /** A node may have been deleted, or have enrolled anew elsewhere, since it connected. */
    private void dropIfStale(Peer.Node peer) {
        try {
            nodes.require(peer);
        } catch (RefusedException e) {
            connections.drop(peer);
        }
    }

    private Optional<AgentAssignment> assignment(String nodeName, String uid) {
        AgentNode node = client.resources(AgentNode.class).withName(nodeName).get();
        String namespace = node == null || node.getStatus() == null
                ? null
                : node.getStatus().namespace();
        return Optional.ofNullable(namespace)
                .map(found -> client.resources(AgentAssignment.class)
                        .inNamespace(found)
                        .withName(uid)
                        .get());
    }

    private static RefusedException conflict(String name, String why) {
        return new RefusedException(HttpURLConnection.HTTP_CONFLICT, "AgentContainer '" + name + "' " + why);
    }
}
