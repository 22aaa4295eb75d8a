package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A node's membership in a fleet, as the API server shows it. Thread-safe as its client is. */
public final class NodeMembership {
    private final KubernetesClient client;

    public NodeMembership(KubernetesClient client) {
        this.client = client;
    }

    /** True where there is an AgentNode of that name. */
    public boolean exists(String name) {
        return client.resources(AgentNode.class).withName(name).get() != null;
    }

    /**
     * Waits until the node is Ready; false where it is not within the time.
     *
     * @param meanwhile called at each look; throws where waiting is useless
     */
    public boolean awaitReady(String name, Duration within, Runnable meanwhile) {
        Instant end = Instant.now().plus(within);
        while (true) {
            AgentNode node = client.resources(AgentNode.class).withName(name).get();
            if (node != null && isReady(node)) {
                return true;
            }
            if (Instant.now().isAfter(end)) {
                return false;
            }
            meanwhile.run();
            Pause.briefly();
        }
    }

    public List<AgentNode> all() {
        return client.resources(AgentNode.class).list().getItems();
    }

    public static boolean isReady(AgentNode node) {
        return condition(node, "Ready")
                .map(ready -> "True".equals(ready.getStatus()))
                .orElse(false);
    }

    public static Optional<Condition> condition(AgentNode node, String type) {
        return Optional.ofNullable(node.getStatus())
                .flatMap(status -> Optional.ofNullable(status.conditions()))
                .flatMap(conditions -> conditions.stream()
                        .filter(condition -> type.equals(condition.getType()))
                        .findFirst());
    }
}
