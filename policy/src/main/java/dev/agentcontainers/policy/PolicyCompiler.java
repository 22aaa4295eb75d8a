package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;

/** Compiles the policies that apply to a subject into the one ruleset that stands for them. */
public final class PolicyCompiler {
    private PolicyCompiler() {}

    /**
     * The ruleset of the subject's policy group. Depends on what the policies mean, not on their order or form.
     *
     * @param namespacePolicies NetworkPolicies of the subject's namespace; those of others are ignored
     */
    public static CompiledPolicy compile(PolicySubject subject, List<NetworkPolicy> namespacePolicies) {
        ApplicablePolicy applicable = ApplicablePolicy.to(subject, namespacePolicies);
        List<Area> areas = new ArrayList<>();
        applicable.rules().forEach(rule -> addAreas(rule, areas));
        List<Allow> egress = Boxes.canonical(areas);
        return new CompiledPolicy(RulesetHash.ofCanonical(egress), applicable.sources(), applicable.problems(), egress);
    }

    private static void addAreas(Rule rule, List<Area> areas) {
        for (AddressFamily family : AddressFamily.values()) {
            AddressRanges addresses = Invariants.removedFrom(AddressRanges.union(
                    family,
                    rule.peers().stream().map(peer -> peer.addresses(family)).toList()));
            for (PortMatch port : rule.ports()) {
                if (port instanceof PortMatch.Numbered numbered) {
                    areas.add(new Area(numbered.protocol(), numbered.ports(), addresses));
                }
            }
        }
    }
}
