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
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which rule what passes counts for, in the order in which they are asked: tier Admin first; of what adds to each other, rules that
 * look at nothing, then those with tls, and with http, of each kind those without budgets first, since each takes nothing from those before. What is
 * said of it is bounded, and what is left out counts for no rule: rather of rules that have nothing recorded, and where that does not
 * do, everything is recorded. It decides nothing.
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

    /** The most characters of all this together, which is stored beside the ruleset itself. */
    static final int MOST_CHARACTERS = 256 << 10;

    private static final int LONGEST_TEXT = 512;

    List<AllowingRule> rules() {
        Set<Rule> all = new LinkedHashSet<>(areas.keySet());
        all.addAll(names.keySet());
        List<Rule> inOrder = all.stream()
                .sorted(Comparator.comparingInt(RuleAttribution::place))
                .toList();
        Room room = new Room();
        Map<Rule, AllowingRule> told = new HashMap<>();
        inOrder.stream().filter(Rule::recorded).forEach(rule -> tell(rule, room, told));
        // What has no room could let others hide what is to be recorded.
        boolean mayHide = !room.lacked;
        inOrder.stream().filter(rule -> !rule.recorded()).forEach(rule -> tell(rule, room, told));
        List<AllowingRule> rules = new ArrayList<>();
        for (Rule rule : inOrder) {
            AllowingRule its = told.get(rule);
            if (its != null) {
                boolean hides = mayHide && !rule.recorded();
                rules.add(new AllowingRule(its.rule(), hides ? true : null, its.egress(), its.names()));
            }
        }
        return List.copyOf(rules);
    }

    private void tell(Rule rule, Room room, Map<Rule, AllowingRule> told) {
        List<Area> its = areas.getOrDefault(rule, List.of());
        List<AllowedName> domains = Names.canonicalOf(names.getOrDefault(rule, List.of()));
        if (its.isEmpty() && domains.isEmpty()) {
            return;
        }
        String text = text(rule);
        if (!room.takeRule(text)) {
            return;
        }
        List<Allow> egress = room.takeBoxes(its);
        domains = room.takeNames(domains);
        if (egress.isEmpty() && domains.isEmpty()) {
            room.giveBack(text);
            return;
        }
        told.put(
                rule,
                new AllowingRule(text, null, egress.isEmpty() ? null : egress, domains.isEmpty() ? null : domains));
    }

    /** How much more can be said. What is taken is there in whole or not at all. */
    private static final class Room {
        private int rules = MOST_RULES;
        private int boxes = MOST_BOXES;
        private int names = MOST_NAMES;
        private long characters = MOST_CHARACTERS;
        /** Whether there was none for something. */
        private boolean lacked;

        boolean takeRule(String text) {
            if (rules == 0 || size(text) > characters) {
                lacked = true;
                return false;
            }
            rules--;
            characters -= size(text);
            return true;
        }

        void giveBack(String text) {
            rules++;
            characters += size(text);
        }

        List<Allow> takeBoxes(List<Area> areas) {
            List<Allow> wanted;
            try {
                wanted = Boxes.canonical(areas, boxes);
            } catch (TooManyBoxesException e) {
                lacked = true;
                return List.of();
            }
            long size = wanted.stream().mapToLong(box -> size(box.cidr())).sum();
            if (size > characters) {
                lacked = true;
                return List.of();
            }
            boxes -= wanted.size();
            characters -= size;
            return wanted;
        }

        List<AllowedName> takeNames(List<AllowedName> wanted) {
            long size = Names.size(wanted);
            if (wanted.size() > names || size > characters) {
                lacked = true;
                return List.of();
            }
            names -= wanted.size();
            characters -= size;
            return wanted;
        }

        private static long size(String text) {
            return Names.OVERHEAD + text.length();
        }
    }

    /** Rules of tiers that decide one after the other look at nothing and keep their order. */
    private static int place(Rule rule) {
        int kind = rule.onlyHttp() ? (rule.onlyTls() ? 6 : 4) : rule.onlyTls() ? 2 : 0;
        return rule.budget().isPresent() ? kind + 1 : kind;
    }

    private static String text(Rule rule) {
        String text = rule.source().toString();
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT - 1) + "…";
    }
}
