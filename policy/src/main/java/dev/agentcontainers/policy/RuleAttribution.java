package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.TooManyBoxesException;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which rule what passes counts for, in the order in which they are asked: tier Admin first; of what adds to each other, rules that
 * look at nothing, then those with budgets, with tls, and with http, since each takes nothing from those before. What is
 * said of it is bounded, and what is left out counts for no rule. It decides nothing.
 *
 * @param areas of each rule, in the order of decision
 * @param names of each that has some
 */
record RuleAttribution(Map<Rule, List<Area>> areas, Map<Rule, List<AllowedName>> names) {
    /** The most rules that are told apart in one ruleset. */
    static final int MOST_RULES = 256;

    /** The most boxes by which they are, of all rules together: a quarter of what a ruleset may have. */
    static final int MOST_BOXES = PolicyCompiler.MOST_BOXES / 4;

    /** The most names by which they are, of all rules together. */
    static final int MOST_NAMES = PolicyCompiler.MOST_NAMES;

    private static final int LONGEST_TEXT = 512;

    List<AllowingRule> rules() {
        Set<Rule> all = new LinkedHashSet<>(areas.keySet());
        all.addAll(names.keySet());
        List<AllowingRule> rules = new ArrayList<>();
        int boxes = MOST_BOXES;
        int left = MOST_NAMES;
        for (Rule rule : all.stream()
                .sorted(Comparator.comparingInt(RuleAttribution::place))
                .toList()) {
            List<Allow> egress = boxes(areas.getOrDefault(rule, List.of()), boxes);
            List<AllowedName> domains = Names.canonicalOf(names.getOrDefault(rule, List.of()));
            if (domains.size() > left) {
                domains = List.of();
            }
            if (rules.size() < MOST_RULES && !(egress.isEmpty() && domains.isEmpty())) {
                rules.add(new AllowingRule(
                        text(rule),
                        rule.recorded() ? null : true,
                        egress.isEmpty() ? null : egress,
                        domains.isEmpty() ? null : domains));
                boxes -= egress.size();
                left -= domains.size();
            }
        }
        return List.copyOf(rules);
    }

    private static List<Allow> boxes(List<Area> areas, int most) {
        try {
            return Boxes.canonical(areas, most);
        } catch (TooManyBoxesException e) {
            return List.of();
        }
    }

    /** Rules of tiers that decide one after the other look at nothing and keep their order. */
    private static int place(Rule rule) {
        if (rule.onlyHttp()) {
            return rule.onlyTls() ? 4 : 3;
        }
        return rule.onlyTls() ? 2 : rule.budget().isPresent() ? 1 : 0;
    }

    private static String text(Rule rule) {
        String text = rule.source().toString();
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT - 1) + "…";
    }
}
