package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import java.util.ArrayList;
import java.util.List;

/**
 * The ruleset of a policy group.
 *
 * @param hash {@link RulesetHash} of {@code egress}
 * @param sources the policies and inline rules that apply, sorted: {@code NetworkPolicy/web}, {@code inline/data}
 * @param problems what of the sources allows nothing although its author may have meant it to, each with its field
 * @param egress the allowed flows in canonical form: pairwise disjoint boxes, as few as the form has, sorted
 */
public record CompiledPolicy(String hash, List<String> sources, List<String> problems, List<Allow> egress) {
    public CompiledPolicy {
        sources = List.copyOf(sources);
        problems = List.copyOf(problems);
        egress = List.copyOf(egress);
    }

    /** The entry of an AgentNodePolicy; problems stand behind the sources. */
    public Group asGroup(String name) {
        var all = new ArrayList<>(sources);
        all.addAll(problems);
        return new Group(name, hash, List.copyOf(all), egress);
    }
}
