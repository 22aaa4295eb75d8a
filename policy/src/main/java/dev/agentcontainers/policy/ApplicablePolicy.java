package dev.agentcontainers.policy;

import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.InlineRules;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What NetworkPolicies, EgressPolicies and inline rules together say of one direction of an endpoint. Compiler and evaluator both start
 * here.
 *
 * @param sources names of the policies and inline rules that apply, sorted
 * @param rules their rules, which only ever add to each other, sorted by place
 */
record ApplicablePolicy(List<String> sources, List<Rule> rules) {
    /** What applies to a workload, of policies that are read already. */
    static ApplicablePolicy to(
            Endpoint.Workload workload, Direction direction, List<Policy> policies, Endpoints endpoints) {
        List<String> sources = new ArrayList<>();
        List<Rule> rules = new ArrayList<>();
        for (Policy policy : policies) {
            policy.rulesFor(workload, direction, endpoints).ifPresent(its -> {
                sources.add(policy.name());
                rules.addAll(its);
            });
        }
        if (workload instanceof Endpoint.Agent agent && direction == Direction.EGRESS) {
            addInline(InlineRules.read(agent.inlineRules(), agent.namespace()), sources, rules);
        }
        return sorted(sources, rules);
    }

    private static void addInline(List<Rule> inline, List<String> sources, List<Rule> rules) {
        inline.forEach(rule -> sources.add(rule.source().policy()));
        rules.addAll(inline);
    }

    private static ApplicablePolicy sorted(List<String> sources, List<Rule> rules) {
        return new ApplicablePolicy(
                sources.stream().sorted().toList(),
                rules.stream().sorted(Comparator.comparing(Rule::source)).toList());
    }
}
