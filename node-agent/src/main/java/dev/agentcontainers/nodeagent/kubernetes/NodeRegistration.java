package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Learns from the node's AgentNode, by asking for it: a node agent may not watch it. */
public final class NodeRegistration {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRegistration.class);

    private final KubernetesClient client;
    private final OwnAgentNode ownNode;
    private final String nodeName;
    private final ScheduledExecutorService timer;

    public NodeRegistration(KubernetesClient client, String nodeName, ScheduledExecutorService timer) {
        this.client = client;
        this.ownNode = new OwnAgentNode(client, nodeName);
        this.nodeName = nodeName;
        this.timer = timer;
    }

    /** The membership as it is; empty where the AgentNode does not exist or is not complete. */
    public Optional<Membership> look() {
        return ownNode.read().flatMap(Membership::of);
    }

    /** Waits until the operator has given the node its namespace and its range of addresses, however long that takes. */
    public Membership await() throws InterruptedException {
        CompletableFuture<Membership> found = new CompletableFuture<>();
        try (RepeatedTask asking = new RepeatedTask("joining", timer, () -> found.complete(require()))) {
            asking.request();
            return found.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("never completed so", e);
        }
    }

    private Membership require() {
        AgentNode node;
        try {
            node = ownNode.read()
                    .orElseThrow(() -> new IllegalStateException("there is no AgentNode " + nodeName
                            + " yet: join this machine with 'agentctl node join', or wait for the operator"));
        } catch (KubernetesClientException e) {
            throw new IllegalStateException(
                    "AgentNode " + nodeName + " can't be read at " + client.getMasterUrl() + ": " + e.getMessage(), e);
        }
        Membership membership = Membership.of(node)
                .orElseThrow(() -> new IllegalStateException("AgentNode " + nodeName + " has no "
                        + Membership.missing(node).orElse("status") + " yet: waiting for the operator to set it"));
        LOG.info(
                "this is AgentNode {}: namespace {}, addresses {}",
                nodeName,
                membership.namespace(),
                membership.agentCidr());
        return membership;
    }
}
