package dev.agentcontainers.policy.rule;

/**
 * Where a rule stands.
 *
 * @param policy the policy, for example {@code NetworkPolicy/web} or {@code EgressPolicy/web}, or {@code inline/data} for a rule of
 *     {@code spec.network.egress}
 * @param field the rule's field, for example {@code spec.egress[0]}, {@code spec.egress[data]} or {@code spec.network.egress[data]}
 */
public record RuleSource(String policy, String field) implements Comparable<RuleSource> {
    @Override
    public int compareTo(RuleSource other) {
        int byPolicy = policy.compareTo(other.policy);
        return byPolicy != 0 ? byPolicy : field.compareTo(other.field);
    }

    @Override
    public String toString() {
        return policy + " " + field;
    }
}
