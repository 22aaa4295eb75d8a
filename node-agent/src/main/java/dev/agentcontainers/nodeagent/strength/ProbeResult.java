package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;

/**
 * What became of one attempt.
 *
 * @param probe the attempt's name, lower case with hyphens, the same on every node
 * @param level the weakest level that must withstand it
 * @param evidence what was seen, in one line
 */
public record ProbeResult(String probe, IsolationLevel level, Verdict verdict, String evidence) {
    /** How an attempt is judged. */
    public enum Verdict {
        /** It was made, and had no effect on the host. */
        PASSED,

        /** It had an effect. */
        FAILED,

        /** It is not known what came of it: as good as failed for what the driver counts for, but no proof against it. */
        UNKNOWN,

        /** It can't be made here. */
        NOT_APPLICABLE
    }
}
