package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import java.util.List;
import java.util.Map;

/** What of an agent decides its policy. Agents with equal subjects share a policy group. */
public record PolicySubject(String namespace, Map<String, String> labels, List<EgressRule> inlineRules) {
    public PolicySubject {
        labels = Map.copyOf(labels);
        inlineRules = List.copyOf(inlineRules);
    }

    public static PolicySubject of(AgentContainer agent) {
        var network = agent.getSpec().network();
        var labels = agent.getMetadata().getLabels();
        return new PolicySubject(
                agent.getMetadata().getNamespace(),
                labels == null ? Map.of() : labels,
                network == null || network.egress() == null ? List.of() : network.egress());
    }
}
