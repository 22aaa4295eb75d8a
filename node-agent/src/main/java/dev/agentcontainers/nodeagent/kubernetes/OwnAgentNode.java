package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Optional;
import java.util.Set;

/**
 * The AgentNode of this node. It is read by writing nothing to its status, which the API server answers with the object and
 * does not store: admission ties writes to the node's own, and would have no say in reads, so that a right to read would be one
 * to read all nodes'.
 */
final class OwnAgentNode {
    private static final String NOTHING = "{}";

    private final KubernetesClient client;
    private final String nodeName;

    OwnAgentNode(KubernetesClient client, String nodeName) {
        this.client = client;
        this.nodeName = nodeName;
    }

    /** Empty where there is none. */
    Optional<AgentNode> read() {
        return StatusPatch.send(client, named(), NOTHING);
    }

    /** Writes the status but for the fields named. */
    void write(AgentNodeStatus status, Set<String> except) {
        StatusPatch.write(client, named(), status, except);
    }

    private AgentNode named() {
        return StatusPatch.named(new AgentNode(), null, nodeName);
    }
}
