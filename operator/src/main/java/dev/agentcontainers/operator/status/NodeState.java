package dev.agentcontainers.operator.status;

/** What is known of the node that an agent is bound to. */
public enum NodeState {
    /** Its heartbeat is recent. */
    ALIVE,
    /** Its heartbeat is overdue: what its agents do is not known. */
    SILENT,
    /** An administrator has removed it: what ran there doesn't count any more. */
    REMOVED
}
