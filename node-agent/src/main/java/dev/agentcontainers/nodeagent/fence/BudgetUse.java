package dev.agentcontainers.nodeagent.fence;

import java.util.OptionalLong;

/**
 * What an agent has used of a rule's budget, both ways together, with IP headers.
 *
 * @param rule the policy and the field of the rule
 * @param used bytes; no more than there are
 * @param bytes that may be used in all; empty: any number
 * @param rate bytes that may be used in a second; empty: any number
 */
public record BudgetUse(String rule, long used, OptionalLong bytes, OptionalLong rate) {
    /** Whether the rule allows nothing more. */
    public boolean exhausted() {
        return bytes.isPresent() && used >= bytes.getAsLong();
    }
}
