package dev.agentcontainers.policy.rule;

/** What becomes of a flow that a rule matches. */
public enum Action {
    /** It is allowed at this end. */
    ACCEPT,
    /** It is denied. */
    DENY,
    /** The next tier decides. */
    PASS
}
