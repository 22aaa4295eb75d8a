package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.CompiledBudgets.Part;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.FlowSet;
import dev.agentcontainers.policy.box.TooManyBoxesException;
import dev.agentcontainers.policy.rule.Rule;
import dev.agentcontainers.policy.rule.RuleBudget;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Divides what rules with budgets allow by which of them do. What a rule without a budget allows too is none of theirs.
 *
 * @param areas of each rule with a budget
 * @param names of each that has some
 */
record BudgetCompiler(Map<Rule, List<Area>> areas, Map<Rule, BudgetedNames> names) {
    /** The most rules with budgets of a ruleset, and the most ways in which they may overlap. */
    static final int MOST_BUDGETS = 64;

    private static final String TOO_MANY_OVERLAPS =
            "rules with budgets overlap in more than %d ways, so they allow nothing".formatted(MOST_BUDGETS);

    /** The most budgets that a flow can be charged to: each one more is asked about for packets that the others refuse. */
    static final int MOST_OF_A_FLOW = 4;

    /**
     * What rules without budgets allow.
     *
     * @param plain names, whatever passes
     * @param tls names to which TLS passes
     */
    record Free(List<Area> flows, List<AllowedName> plain, List<AllowedName> tls) {}

    /**
     * How much there may be of all budgets together.
     *
     * @param requests characters of what is said about requests
     */
    record Room(int boxes, int names, int requests) {}

    /** @param problems to which this adds */
    CompiledBudgets compiled(Free free, Room room, List<String> problems) {
        List<Rule> rules = List.copyOf(areas.keySet());
        if (rules.isEmpty()) {
            return CompiledBudgets.NONE;
        }
        if (rules.size() > MOST_BUDGETS) {
            problems.add("the policies together have more than %d rules with budgets, so these allow nothing"
                    .formatted(MOST_BUDGETS));
            return CompiledBudgets.NONE;
        }
        SortedMap<List<Integer>, Part> parts = CompiledBudgets.parts();
        addNames(named(rules), ports(free.plain()), parts);
        addIntercepted(rules, free, parts);
        Map<List<Integer>, FlowSet> flows = flows(rules, free.flows());
        if (flows.size() > MOST_BUDGETS) {
            problems.add(TOO_MANY_OVERLAPS);
            return CompiledBudgets.NONE;
        }
        try {
            addBoxes(flows, room.boxes(), parts);
        } catch (TooManyBoxesException e) {
            problems.add(
                    "what rules with budgets allow takes more boxes of addresses and ports for egress than the %d that are left, so they allow nothing"
                            .formatted(room.boxes()));
            return CompiledBudgets.NONE;
        }
        List<Budgeted> budgeted = CompiledBudgets.canonical(parts);
        if (budgeted.size() > MOST_BUDGETS) {
            problems.add(TOO_MANY_OVERLAPS);
            return CompiledBudgets.NONE;
        }
        if (budgeted.stream().mapToInt(BudgetCompiler::names).sum() > room.names()) {
            problems.add(
                    "the rules with budgets allow more domain names and ranges of ports than the %d that are left, so they allow nothing"
                            .formatted(room.names()));
            return CompiledBudgets.NONE;
        }
        if (budgeted.stream().mapToInt(BudgetCompiler::requests).sum() > room.requests()) {
            problems.add(
                    "what the rules with http and budgets say together is longer than the %d characters that are left, so rules with budgets allow nothing"
                            .formatted(room.requests()));
            return CompiledBudgets.NONE;
        }
        return new CompiledBudgets(rules.stream().map(BudgetCompiler::budget).toList(), budgeted);
    }

    private static int names(Budgeted each) {
        return each.names().size()
                + CompiledBudgets.orEmpty(each.tlsNames()).size()
                + CompiledBudgets.orEmpty(each.httpNames()).size()
                + CompiledBudgets.orEmpty(each.httpsNames()).size();
    }

    private static int requests(Budgeted each) {
        return HttpNames.size(CompiledBudgets.orEmpty(each.httpNames()))
                + HttpNames.size(CompiledBudgets.orEmpty(each.httpsNames()));
    }

    private static Budget budget(Rule rule) {
        RuleBudget budget = rule.budget().orElseThrow();
        return new Budget(rule.source().toString(), amount(budget.bytes()), amount(budget.rate()));
    }

    private static @Nullable Long amount(OptionalLong bytes) {
        return bytes.isPresent() ? bytes.getAsLong() : null;
    }

    private static void addBoxes(Map<List<Integer>, FlowSet> flows, int most, SortedMap<List<Integer>, Part> parts)
            throws TooManyBoxesException {
        int left = most;
        for (Map.Entry<List<Integer>, FlowSet> each : flows.entrySet()) {
            Part part = parts.computeIfAbsent(each.getKey(), _ -> new Part());
            part.egress().addAll(Boxes.canonical(each.getValue().areas(), left));
            left -= part.egress().size();
        }
    }

    /** Which of the rules, by their places, allow which flows. Stops where these are too many. */
    private Map<List<Integer>, FlowSet> flows(List<Rule> rules, List<Area> accepted) {
        SortedMap<List<Integer>, FlowSet> flows = new TreeMap<>(CompiledBudgets.ORDER);
        for (int index = 0; index < rules.size(); index++) {
            FlowSet rest = new FlowSet();
            areas.getOrDefault(rules.get(index), List.of()).forEach(rest::add);
            accepted.forEach(rest::remove);
            for (List<Integer> budgets : List.copyOf(flows.keySet())) {
                FlowSet theirs = Objects.requireNonNull(flows.get(budgets));
                List<Area> both = rest.areas().stream()
                        .flatMap(area -> theirs.within(area).stream())
                        .toList();
                both.forEach(rest::remove);
                if (!both.isEmpty() && budgets.size() < MOST_OF_A_FLOW) {
                    both.forEach(theirs::remove);
                    FlowSet more = flows.computeIfAbsent(with(budgets, index), _ -> new FlowSet());
                    both.forEach(more::add);
                }
            }
            List<Area> alone = rest.areas();
            if (!alone.isEmpty()) {
                FlowSet own = flows.computeIfAbsent(List.of(index), _ -> new FlowSet());
                alone.forEach(own::add);
            }
            flows.values().removeIf(set -> set.areas().isEmpty());
            if (flows.size() > MOST_BUDGETS) {
                return flows;
            }
        }
        return flows;
    }

    private static List<Integer> with(List<Integer> budgets, int another) {
        return Stream.concat(budgets.stream(), Stream.of(another)).toList();
    }

    /** A port of a name as rules have it. */
    private record NamedPort(String domain, Protocol protocol, int port) {}

    private Map<NamedPort, Set<Integer>> named(List<Rule> rules) {
        Map<NamedPort, Set<Integer>> named = new LinkedHashMap<>();
        for (int index = 0; index < rules.size(); index++) {
            for (NamedPort port : ports(namesOf(rules.get(index)).plain())) {
                named.computeIfAbsent(port, _ -> new TreeSet<>()).add(index);
            }
        }
        return named;
    }

    private BudgetedNames namesOf(Rule rule) {
        return names.getOrDefault(rule, new BudgetedNames());
    }

    /**
     * By each rule alone: whoever reads what a connection carries finds all that allow it. What rules with tls and budgets allow takes
     * nothing from those with http, by which it passes where the others have nothing left.
     */
    private void addIntercepted(List<Rule> rules, Free free, SortedMap<List<Integer>, Part> parts) {
        List<AllowedName> anyTls =
                Stream.concat(free.plain().stream(), free.tls().stream()).toList();
        for (int index = 0; index < rules.size(); index++) {
            BudgetedNames its = namesOf(rules.get(index));
            BudgetedNames part =
                    parts.computeIfAbsent(List.of(index), _ -> new Part()).names();
            part.tls().addAll(Names.without(its.tls(), anyTls));
            part.http().addAll(HttpNames.without(its.http(), free.plain()));
            part.https().addAll(HttpNames.without(its.https(), anyTls));
        }
    }

    private static Set<NamedPort> ports(Collection<AllowedName> names) {
        return names.stream()
                .flatMap(name -> IntStream.rangeClosed(name.port(), name.endPort())
                        .mapToObj(port -> new NamedPort(name.domain(), name.protocol(), port)))
                .collect(Collectors.toSet());
    }

    /** A name belongs to the rules with its own domain and with wildcards above it. */
    private static void addNames(
            Map<NamedPort, Set<Integer>> named, Set<NamedPort> free, SortedMap<List<Integer>, Part> parts) {
        for (NamedPort each : named.keySet()) {
            List<NamedPort> above = above(each);
            if (above.stream().noneMatch(free::contains)) {
                Set<Integer> all = new TreeSet<>();
                above.forEach(port -> all.addAll(named.getOrDefault(port, Set.of())));
                parts.computeIfAbsent(all.stream().limit(MOST_OF_A_FLOW).toList(), _ -> new Part())
                        .names()
                        .plain()
                        .add(new AllowedName(each.domain, each.protocol, each.port, each.port));
            }
        }
    }

    /** The port of the name itself and of every wildcard above it. */
    private static List<NamedPort> above(NamedPort name) {
        return Names.withAbove(name.domain).stream()
                .map(domain -> new NamedPort(domain, name.protocol, name.port))
                .toList();
    }
}
