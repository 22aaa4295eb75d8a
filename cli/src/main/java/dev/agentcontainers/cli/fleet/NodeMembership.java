package dev.agentcontainers.cli.fleet;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
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

    /** Makes the AgentNode where there is none of that name. */
    public void register(String name) {
        if (client.resources(AgentNode.class).withName(name).get() == null) {
            AgentNode node = new AgentNode();
            node.setMetadata(new ObjectMetaBuilder().withName(name).build());
            client.resource(node).create();
        }
    }

    /**
     * Waits until the operator has given the node its namespace.
     *
     * @param meanwhile called at each look; throws where waiting is useless
     */
    public String awaitNamespace(String name, Duration within, Runnable meanwhile) {
        return await(
                        name,
                        within,
                        meanwhile,
                        node -> Optional.ofNullable(node.getStatus()).map(status -> status.namespace()))
                .orElseThrow(() -> new UserException("the operator has not given AgentNode " + name
                        + " a namespace within " + within.toSeconds() + " s; its log may say why"));
    }

    /** Waits until the node is Ready; false where it is not within the time. */
    public boolean awaitReady(String name, Duration within, Runnable meanwhile) {
        return await(name, within, meanwhile, node -> isReady(node) ? Optional.of(node) : Optional.empty())
                .isPresent();
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

    private interface Look<T> {
        Optional<T> at(AgentNode node);
    }

    private <T> Optional<T> await(String name, Duration within, Runnable meanwhile, Look<T> look) {
        Instant end = Instant.now().plus(within);
        while (true) {
            AgentNode node = client.resources(AgentNode.class).withName(name).get();
            Optional<T> seen = node == null ? Optional.empty() : look.at(node);
            if (seen.isPresent() || Instant.now().isAfter(end)) {
                return seen;
            }
            meanwhile.run();
            Pause.briefly();
        }
    }
}
