package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import java.util.List;

/** Reads {@code spec.network.egress} of an AgentContainer. */
public final class InlineRules {
    private InlineRules() {}

    /** @param namespace of the agent, in which a podSelector alone selects */
    public static List<Rule> read(List<EgressRule> rules, String namespace) {
        return rules.stream()
                .map(rule -> EgressRules.read(
                        rule,
                        namespace,
                        new RuleSource("inline/" + rule.name(), "spec.network.egress[" + rule.name() + "]")))
                .toList();
    }
}
