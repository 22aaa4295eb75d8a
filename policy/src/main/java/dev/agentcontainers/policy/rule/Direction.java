package dev.agentcontainers.policy.rule;

/** The end of a flow that a rule is for: the one that sends or the one that receives. */
public enum Direction {
    INGRESS("Ingress", "ingress", "from"),
    EGRESS("Egress", "egress", "to");

    private final String policyType;
    private final String rulesField;
    private final String peersField;

    Direction(String policyType, String rulesField, String peersField) {
        this.policyType = policyType;
        this.rulesField = rulesField;
        this.peersField = peersField;
    }

    /** As {@code policyTypes} of a NetworkPolicy has it. */
    public String policyType() {
        return policyType;
    }

    /** The field of a policy that holds the rules. */
    public String rulesField() {
        return rulesField;
    }

    /** The field of a rule that holds the peers. */
    public String peersField() {
        return peersField;
    }
}
