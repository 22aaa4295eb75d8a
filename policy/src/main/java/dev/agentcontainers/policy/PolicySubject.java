package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.ServedPort;
import java.util.List;
import java.util.Map;

/**
 * What of an agent decides its policy. Agents with equal subjects share a policy group.
 *
 * @param ports those that it serves, which rules of ingress may name
 */
public record PolicySubject(
        String namespace, Map<String, String> labels, List<EgressRule> inlineRules, List<ServedPort> ports) {
    public PolicySubject {
        labels = Map.copyOf(labels);
        inlineRules = List.copyOf(inlineRules);
        ports = List.copyOf(ports);
    }

    /** One that serves no ports. */
    public PolicySubject(String namespace, Map<String, String> labels, List<EgressRule> inlineRules) {
        this(namespace, labels, inlineRules, List.of());
    }

    public static PolicySubject of(AgentContainer agent) {
        var network = agent.getSpec().network();
        var labels = agent.getMetadata().getLabels();
        var ports = agent.getSpec().ports();
        return new PolicySubject(
                agent.getMetadata().getNamespace(),
                labels == null ? Map.of() : labels,
                network == null || network.egress() == null ? List.of() : network.egress(),
                ports == null ? List.of() : ports.stream().map(ServedPort::of).toList());
    }

    /** Any agent of the group, as policies select it. */
    public Endpoint.Agent agent() {
        return new Endpoint.Agent(namespace, "any", labels, List.of(), ports, inlineRules);
    }
}
