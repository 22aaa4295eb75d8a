package dev.agentcontainers.policy;

import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Rule;
import dev.agentcontainers.policy.rule.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * All that policies of every tier say of one direction of a workload.
 *
 * @param sources names of the policies and inline rules that have a say, sorted
 * @param admin rules of tier Admin, in the order in which they decide
 * @param union whether NetworkPolicies, EgressPolicies or inline rules apply, so that theirs are the last word
 * @param last the rules of these, or else those of tier Baseline in the order in which they decide
 */
record DirectedPolicy(List<String> sources, List<Rule> admin, boolean union, List<Rule> last) {
    static DirectedPolicy of(Endpoint.Workload workload, Direction direction, Policies policies, Endpoints endpoints) {
        List<String> sources = new ArrayList<>();
        List<Rule> admin = tier(Tier.ADMIN, workload, direction, policies, endpoints, sources);
        ApplicablePolicy applicable = ApplicablePolicy.to(
                workload, direction, policies.in(Tier.NETWORK_POLICY, workload.namespace()), endpoints);
        boolean union = !applicable.sources().isEmpty();
        sources.addAll(applicable.sources());
        List<Rule> last =
                union ? applicable.rules() : tier(Tier.BASELINE, workload, direction, policies, endpoints, sources);
        return new DirectedPolicy(sources.stream().sorted().toList(), admin, union, last);
    }

    private static List<Rule> tier(
            Tier tier,
            Endpoint.Workload workload,
            Direction direction,
            Policies policies,
            Endpoints endpoints,
            List<String> sources) {
        List<Rule> rules = new ArrayList<>();
        for (Policy policy : policies.in(tier, workload.namespace())) {
            policy.rulesFor(workload, direction, endpoints).ifPresent(its -> {
                sources.add(policy.name());
                rules.addAll(its);
            });
        }
        return rules;
    }

    Stream<Rule> rules() {
        return Stream.concat(admin.stream(), last.stream());
    }
}
