package dev.agentcontainers.policy;

import dev.agentcontainers.policy.rule.RuleSource;
import java.util.List;

/** What policy says of a flow, and why. */
public sealed interface Verdict {
    /**
     * The flow is allowed.
     *
     * @param rule the deciding rule; of several the first by policy and field
     */
    record Allowed(RuleSource rule) implements Verdict {}

    /**
     * The flow is denied.
     *
     * @param message the denial in one sentence
     * @param considered each rule that was looked at, and why it does not allow the flow
     * @param remedy the smallest change that would allow it, or why none can
     */
    record Denied(Reason reason, String message, List<String> considered, String remedy) implements Verdict {
        public Denied {
            considered = List.copyOf(considered);
        }
    }

    /** Why a flow is denied. */
    enum Reason {
        /** The address is one of {@link Invariants}. */
        INVARIANT,
        /** No policy and no inline rule applies to the agent: nothing is allowed. */
        NO_POLICY,
        /** Policies or inline rules apply, and none of their rules allows the flow. */
        NO_MATCHING_RULE
    }
}
