package dev.agentcontainers.operator.status;

/**
 * Why an agent that is bound has no assignment yet, or not the one that it should have.
 *
 * @param lasting whether it stays so until somebody changes something
 */
public record Hold(String reason, String message, boolean lasting) {
    /** The API server will not take the ruleset that the agent is to be held to now. */
    public static final String POLICY_REFUSED = "PolicyRefused";

    /** Something that may come right by itself. */
    public Hold(String reason, String message) {
        this(reason, message, false);
    }
}
