package dev.agentcontainers.nodeagent.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import java.util.List;

/**
 * What the agents of one policy group may reach, and what may reach them.
 *
 * @param hash canonical hash of all of it, see {@code dev.agentcontainers.policy}
 * @param egress allowed destinations, pairwise disjoint
 * @param ingress allowed sources, each with ports of the agents, pairwise disjoint
 * @param names domain names that may be resolved, and the ports at what they resolve to
 * @param sources the policies and rules that it was compiled from, for records only
 */
public record GroupRuleset(
        String name,
        String hash,
        List<Allow> egress,
        List<Allow> ingress,
        List<AllowedName> names,
        List<String> sources) {
    public GroupRuleset {
        egress = List.copyOf(egress);
        ingress = List.copyOf(ingress);
        names = List.copyOf(names);
        sources = List.copyOf(sources);
    }

    /** Of which it is not known what it was compiled from. */
    public GroupRuleset(String name, String hash, List<Allow> egress, List<Allow> ingress, List<AllowedName> names) {
        this(name, hash, egress, ingress, names, List.of());
    }

    /** Without ingress and names. */
    public GroupRuleset(String name, String hash, List<Allow> egress) {
        this(name, hash, egress, List.of(), List.of());
    }
}
