package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;

/** Who wants to know which agents are counted. Called on any thread; must return at once. */
public interface AuditCounters {
    /** Something of an agent came for the first time. */
    void came(AuditSubject subject, AuditCounts counts);

    /**
     * Something of the agent's passed by the rule.
     *
     * @param flows how many began
     */
    default void passed(AuditSubject subject, String rule, long flows, Traffic traffic) {}

    /** Bytes of the agent were charged to the rule's budget. */
    default void spent(AuditSubject subject, String rule, long bytes) {}

    /** The agent has used up the rule's budget. */
    default void usedUp(AuditSubject subject, String rule) {}

    /** The agent is gone for good. */
    void gone(SandboxId id);
}
