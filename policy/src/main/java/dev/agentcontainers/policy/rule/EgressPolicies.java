package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.EgressPolicySpec;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads EgressPolicies. */
public final class EgressPolicies {
    private EgressPolicies() {}

    /** The policy, whose namespace has to be known. One without spec or selector governs nothing: the schema requires both. */
    public static Policy read(EgressPolicy policy) {
        String namespace = policy.getMetadata().getNamespace();
        @Nullable EgressPolicySpec spec = policy.getSpec();
        @Nullable LabelSelector selector = spec == null ? null : spec.agentSelector();
        return new Policy(
                nameOf(policy),
                Tier.NETWORK_POLICY,
                0,
                new Peer.Agents(namespace, selector == null ? new LabelSelector() : selector),
                spec == null || selector == null
                        ? Map.of()
                        : Map.of(Direction.EGRESS, rules(nameOf(policy), spec, namespace)));
    }

    /** None is no rule, and the policy governs all the same. */
    private static List<Rule> rules(String policy, EgressPolicySpec spec, String namespace) {
        return spec.egress() == null
                ? List.of()
                : spec.egress().stream()
                        .map(rule -> EgressRules.read(
                                rule, namespace, new RuleSource(policy, "spec.egress[" + rule.name() + "]")))
                        .toList();
    }

    /** The name that sources and verdicts use. */
    public static String nameOf(EgressPolicy policy) {
        return nameOf(policy.getMetadata().getName());
    }

    /** The same of a policy that has that name. */
    public static String nameOf(String name) {
        return "EgressPolicy/" + name;
    }
}
