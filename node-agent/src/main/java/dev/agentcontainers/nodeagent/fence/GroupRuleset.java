package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import java.util.List;

/**
 * What the agents of one policy group may reach.
 *
 * @param hash canonical hash of {@code egress}, see {@code dev.agentcontainers.policy}
 * @param egress pairwise disjoint
 */
public record GroupRuleset(String name, String hash, List<Allow> egress) {
    public GroupRuleset {
        egress = List.copyOf(egress);
    }
}
