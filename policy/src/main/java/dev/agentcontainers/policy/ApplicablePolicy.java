package dev.agentcontainers.policy;

import dev.agentcontainers.policy.rule.InlineRules;
import dev.agentcontainers.policy.rule.NetworkPolicies;
import dev.agentcontainers.policy.rule.Rule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What applies to a subject. Compiler and evaluator both start here; the tiers of further kinds of policy join here.
 *
 * @param sources names of the policies and inline rules that apply, sorted
 * @param rules their rules, which only ever add to each other, sorted by place
 */
record ApplicablePolicy(List<String> sources, List<Rule> rules) {
    static ApplicablePolicy to(PolicySubject subject, List<NetworkPolicy> policies) {
        List<String> sources = new ArrayList<>();
        List<Rule> rules = new ArrayList<>();
        for (NetworkPolicy policy : NetworkPolicies.selecting(policies, subject.namespace(), subject.labels())) {
            sources.add(NetworkPolicies.nameOf(policy));
            rules.addAll(NetworkPolicies.read(policy));
        }
        for (Rule rule : InlineRules.read(subject.inlineRules())) {
            sources.add(rule.source().policy());
            rules.add(rule);
        }
        rules.sort(Comparator.comparing(Rule::source));
        return new ApplicablePolicy(sources.stream().sorted().toList(), List.copyOf(rules));
    }

    List<String> problems() {
        return rules.stream().flatMap(rule -> rule.problems().stream()).toList();
    }
}
