package dev.agentcontainers.policy;

import dev.agentcontainers.policy.Invariants.Invariant;
import dev.agentcontainers.policy.Verdict.Allowed;
import dev.agentcontainers.policy.Verdict.Denied;
import dev.agentcontainers.policy.Verdict.Reason;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.Rule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.List;
import java.util.Optional;

/**
 * Says what policy makes of a flow. Decides by the rules themselves, not by what was compiled from them, so that each
 * can be tested against the other. It knows no limit of size: what {@link PolicyCompiler} refuses as too large is judged
 * here all the same.
 */
public final class Evaluator {
    private Evaluator() {}

    /** @param namespacePolicies NetworkPolicies of the subject's namespace; those of others are ignored */
    public static Verdict evaluate(List<NetworkPolicy> namespacePolicies, PolicySubject subject, Flow flow) {
        Optional<Invariant> invariant = Invariants.denying(flow.address());
        if (invariant.isPresent()) {
            return deniedBy(invariant.get(), flow);
        }
        ApplicablePolicy applicable = ApplicablePolicy.to(subject, namespacePolicies);
        for (Rule rule : applicable.rules()) {
            if (reaches(rule, flow) && hasPort(rule, flow)) {
                return new Allowed(rule.source());
            }
        }
        if (applicable.sources().isEmpty()) {
            return new Denied(
                    Reason.NO_POLICY,
                    flow + " is denied: no NetworkPolicy with policyType Egress selects the agent and it has no inline"
                            + " rules, so it reaches nothing",
                    List.of(),
                    remedy(flow));
        }
        return new Denied(
                Reason.NO_MATCHING_RULE,
                flow + " is denied: none of " + String.join(", ", applicable.sources()) + " allows it",
                applicable.rules().stream()
                        .map(rule -> consideration(rule, flow))
                        .toList(),
                remedy(flow));
    }

    private static boolean reaches(Rule rule, Flow flow) {
        Cidr address = Cidr.parse(flow.address());
        return rule.peers().stream().anyMatch(peer -> switch (peer) {
            case Peer.Everywhere _ -> true;
            case Peer.Block(Cidr cidr, List<Cidr> except) ->
                cidr.contains(address) && except.stream().noneMatch(range -> range.contains(address));
            case Peer.Unresolved _ -> false;
        });
    }

    private static boolean hasPort(Rule rule, Flow flow) {
        return rule.ports().stream().anyMatch(port -> port.matches(flow.protocol(), flow.port()));
    }

    private static String consideration(Rule rule, Flow flow) {
        String why = reaches(rule, flow)
                ? "allows the address, but not port " + flow.port() + "/" + flow.protocol()
                : hasPort(rule, flow) ? "allows the port, but not the address" : "allows neither address nor port";
        List<String> problems = rule.problems();
        return rule.source() + " " + why + (problems.isEmpty() ? "" : " (" + String.join("; ", problems) + ")");
    }

    private static Denied deniedBy(Invariant invariant, Flow flow) {
        return new Denied(
                Reason.INVARIANT,
                flow + " is denied by an invariant: " + invariant.cidr() + " is " + invariant.meaning(),
                List.of(),
                "No policy can allow it.");
    }

    private static String remedy(Flow flow) {
        if (flow.port() == 0) {
            return "No policy can allow port 0.";
        }
        return "To allow it add to spec.network.egress: {name: NAME, to: [{ipBlock: {cidr: %s}}], ports: [{protocol: %s, port: %d}]}"
                .formatted(Cidr.parse(flow.address()), flow.protocol(), flow.port());
    }
}
