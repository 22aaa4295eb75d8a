package dev.agentcontainers.api.v1alpha1;

/** Names that every part of the system agrees on. */
public final class Api {
    public static final String GROUP = "agentcontainers.dev";
    public static final String VERSION = "v1alpha1";

    /** Finalizer of AgentContainer and AgentAssignment; only the operator removes it. */
    public static final String FINALIZER = GROUP + "/cleanup";

    /** Finalizer of a node's ServiceAccount, Role and RoleBinding while an assignment remains there. */
    public static final String NODE_FINALIZER = GROUP + "/assignments";

    /**
     * Label of a node's namespace and of what the operator makes there: the AgentNode's name, or the namespace's where that is
     * too long for a label.
     */
    public static final String NODE_LABEL = GROUP + "/node";

    /** Label of an AgentAssignment: the namespace of its AgentContainer. */
    public static final String AGENT_NAMESPACE_LABEL = GROUP + "/agent-namespace";

    /** Label of an AgentAssignment: the UID of its AgentContainer. */
    public static final String AGENT_UID_LABEL = GROUP + "/agent-uid";

    /** Label on a user's namespace; the value {@code Forbidden} refuses inline egress rules at admission. */
    public static final String INLINE_EGRESS_LABEL = GROUP + "/inline-egress";

    /** Name of the first AgentNodePolicy and of the Lease in a node's namespace; further AgentNodePolicies have a number behind it. */
    public static final String NODE_POLICY_NAME = "node";

    private Api() {}
}
