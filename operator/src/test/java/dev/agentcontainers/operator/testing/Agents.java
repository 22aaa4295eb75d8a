package dev.agentcontainers.operator.testing;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Optional;

/** AgentContainers as users write and read them. */
public final class Agents {
    private Agents() {}

    /** From the lines of a spec. */
    public static AgentContainer parse(String namespace, String name, String spec) {
        return Serialization.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: %s, namespace: %s, labels: {app: %s}}
                spec:
                %s
                """.formatted(name, namespace, name, spec.indent(2)), AgentContainer.class);
    }

    public static final String SMALL = """
            isolation: {className: process}
            command: [sleep, "3600"]
            resources: {limits: {cpu: 100m, memory: 64Mi}}
            """;

    public static AgentContainer create(KubernetesClient client, String namespace, String name, String spec) {
        return client.resource(parse(namespace, name, spec)).create();
    }

    public static AgentContainer read(KubernetesClient client, AgentContainer agent) {
        return client.resource(agent).get();
    }

    public static Optional<Condition> condition(AgentContainer agent, String type) {
        return agent == null || agent.getStatus() == null || agent.getStatus().conditions() == null
                ? Optional.empty()
                : agent.getStatus().conditions().stream()
                        .filter(condition -> condition.getType().equals(type))
                        .findFirst();
    }

    /** The status of a condition; empty where it isn't there. */
    public static String truth(KubernetesClient client, AgentContainer agent, String type) {
        return condition(read(client, agent), type).map(Condition::getStatus).orElse("");
    }
}
