package dev.agentcontainers.policy.rule;

/** The steps of a decision, in their order. */
public enum Tier {
    /** ClusterNetworkPolicies that no user overrides. The first rule that matches decides. */
    ADMIN("Admin"),
    /** NetworkPolicies, EgressPolicies and inline rules. Where any applies, their union decides. */
    NETWORK_POLICY("NetworkPolicy"),
    /** ClusterNetworkPolicies for what no NetworkPolicy, EgressPolicy or inline rule applies to. The first rule that matches decides. */
    BASELINE("Baseline");

    private final String title;

    Tier(String title) {
        this.title = title;
    }

    /** As {@code spec.tier} of a ClusterNetworkPolicy has it. */
    public String title() {
        return title;
    }
}
