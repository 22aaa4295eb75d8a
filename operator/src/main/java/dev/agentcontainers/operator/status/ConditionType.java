package dev.agentcontainers.operator.status;

/** The conditions of an AgentContainer. */
public enum ConditionType {
    /** It is bound to a node. */
    Scheduled,
    /** Its node's kernel holds the ruleset that was compiled from the policies of now. */
    PolicyEnforced,
    /** It serves: its process runs on a node that answers, and its probes, where it has some, say so. */
    Available,
    /** Its goal is reached at this generation. */
    Ready,
    /** Work towards the goal goes on; absent otherwise. */
    Reconciling,
    /** It will not get further by itself; absent otherwise. */
    Stalled,
    /** It runs less isolated than it was begun, because its driver was found to be weaker; absent otherwise. */
    NonCompliant
}
