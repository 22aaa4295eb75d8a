package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.box.TooManyBoxesException;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;

/** Compiles the policies that apply to a subject into the one ruleset that stands for them. */
public final class PolicyCompiler {
    private PolicyCompiler() {}

    /**
     * The most boxes a ruleset may have. Nodes hold many in one object of the API server, whose size is limited, and
     * exceptions multiply with ports.
     */
    public static final int MOST_BOXES = 2048;

    /**
     * The ruleset of the subject's policy group. Depends on what the policies mean, not on their order or form. One
     * that would have more than {@link #MOST_BOXES} allows nothing and says so among the problems.
     *
     * @param namespacePolicies NetworkPolicies of the subject's namespace; those of others are ignored
     */
    public static CompiledPolicy compile(PolicySubject subject, List<NetworkPolicy> namespacePolicies) {
        ApplicablePolicy applicable = ApplicablePolicy.to(subject, namespacePolicies);
        List<Area> areas = new ArrayList<>();
        applicable.rules().forEach(rule -> addAreas(rule, areas));
        List<String> problems = new ArrayList<>();
        applicable.rules().forEach(rule -> problems.addAll(problems(rule)));
        List<Allow> egress = List.of();
        try {
            egress = Boxes.canonical(areas, MOST_BOXES);
        } catch (TooManyBoxesException tooMany) {
            problems.add("the policies together make " + tooMany.getMessage()
                    + " of addresses and ports, so they allow nothing: use fewer exceptions, ports or policies");
        }
        return new CompiledPolicy(
                RulesetHash.ofCanonical(egress, List.of(), List.of()), applicable.sources(), problems, egress);
    }

    /** What of a rule of egress allows nothing in a ruleset, each with its place. */
    private static List<String> problems(Rule rule) {
        List<String> problems = new ArrayList<>();
        for (int index = 0; index < rule.peers().size(); index++) {
            String place = rule.source() + ".to[" + index + "]";
            switch (rule.peers().get(index)) {
                case Peer.Everywhere _, Peer.Block _ -> {}
                case Peer.Unreadable(String problem) ->
                    problems.add(rule.source().policy() + " " + problem);
                case Peer.Selected _ ->
                    problems.add(
                            place
                                    + ": podSelector and namespaceSelector are not resolved to addresses yet; the peer allows nothing");
                case Peer.Nodes _, Peer.Domain _ ->
                    problems.add(place
                            + ": nodes and domain names are not resolved to addresses yet; the peer allows nothing");
            }
        }
        for (int index = 0; index < rule.ports().size(); index++) {
            switch (rule.ports().get(index)) {
                case PortMatch.Numbered _ -> {}
                case PortMatch.Unreadable(String problem) ->
                    problems.add(rule.source().policy() + " " + problem);
                case PortMatch.Named named ->
                    problems.add("%s.ports[%d].port: the name '%s' stands for no port of an address; it matches nothing"
                            .formatted(rule.source(), index, named.name()));
            }
        }
        return problems;
    }

    private static void addAreas(Rule rule, List<Area> areas) {
        for (AddressFamily family : AddressFamily.values()) {
            AddressRanges addresses = Invariants.removedFrom(AddressRanges.union(
                    family,
                    rule.peers().stream().map(peer -> peer.addresses(family)).toList()));
            for (Protocol protocol : Protocol.values()) {
                for (PortRange ports : ports(rule, protocol)) {
                    areas.add(new Area(protocol, ports, addresses));
                }
            }
        }
    }

    private static List<PortRange> ports(Rule rule, Protocol protocol) {
        List<PortRange> ports = new ArrayList<>();
        for (PortMatch match : rule.ports()) {
            if (match instanceof PortMatch.Numbered numbered && numbered.protocol() == protocol) {
                ports.add(numbered.ports());
            }
        }
        return PortRange.merged(ports);
    }
}
