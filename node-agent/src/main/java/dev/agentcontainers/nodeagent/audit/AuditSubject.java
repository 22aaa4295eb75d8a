package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.List;

/**
 * Of whom a record is.
 *
 * @param agent empty names where it is not known whose sandbox it is
 * @param address in the fence
 * @param group policy group that the agent was bound to
 * @param hash of the group's ruleset
 * @param sources policies and rules that the group was compiled from
 */
public record AuditSubject(
        SandboxId sandbox, Agent agent, String address, String group, String hash, List<String> sources) {
    public AuditSubject {
        sources = List.copyOf(sources);
    }

    /** An AgentContainer. */
    public record Agent(String namespace, String name, String uid) {
        static final Agent UNKNOWN = new Agent("", "", "");

        boolean isKnown() {
            return !name.isEmpty();
        }
    }

    /** {@code namespace/name}, or the sandbox where that is not known. */
    public String displayName() {
        return agent.isKnown() ? agent.namespace() + "/" + agent.name() : sandbox.value();
    }
}
