package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.RulesetHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The marks of a group's connections that only rules with budgets allow, and whom each is charged to. They follow from the rules
 * alone, so that connections and what they are charged to outlive every other change, and processes.
 *
 * @param budgets the rules
 * @param budgeted what they allow
 * @param quic names to which QUIC passes, of those with a port of these
 * @param boxMarks the mark of addresses, by the places of the budgets
 * @param nameMarks the mark of each name: what is taken back of one leaves the others alone
 */
record GroupBudgets(
        List<Budget> budgets,
        List<Budgeted> budgeted,
        List<AllowedName> quic,
        Map<List<Integer>, Integer> boxMarks,
        Map<BudgetedName, Integer> nameMarks) {
    static final GroupBudgets NONE = new GroupBudgets(List.of(), List.of(), List.of(), Map.of(), Map.of());

    private static final int DIGEST = 16;
    private static final int HEXADECIMAL = 16;

    GroupBudgets {
        budgets = List.copyOf(budgets);
        budgeted = List.copyOf(budgeted);
        quic = List.copyOf(quic);
        boxMarks = Map.copyOf(boxMarks);
        nameMarks = Map.copyOf(nameMarks);
    }

    /**
     * A name of rules with budgets, which are told by their places.
     *
     * @param quic whether it is about its ports to which QUIC passes: where that is taken back, what they let pass ends
     */
    record BudgetedName(String domain, List<Integer> budgets, boolean quic) {}

    /** A box and the mark of its connections. */
    record MarkedBox(Allow box, int mark) {}

    /** @throws IllegalArgumentException where something is charged to budgets that are not there, or to too many */
    static GroupBudgets of(GroupRuleset ruleset) {
        for (Budgeted each : ruleset.budgeted()) {
            if (each.budgets().isEmpty()
                    || each.budgets().size() > BudgetRules.PLACES
                    || each.budgets().stream()
                            .anyMatch(place ->
                                    place < 0 || place >= ruleset.budgets().size())) {
                throw new IllegalArgumentException(
                        "policy group '%s': budgeted for the budgets %s must name 1 to %d of its %d budgets"
                                .formatted(
                                        ruleset.name(),
                                        each.budgets(),
                                        BudgetRules.PLACES,
                                        ruleset.budgets().size()));
            }
        }
        if (ruleset.budgets().isEmpty()) {
            return NONE;
        }
        List<AllowedName> quic = quic(ruleset);
        Set<NamedPort> quicPorts = NamedPort.of(quic);
        Set<Integer> used = new HashSet<>();
        Map<List<Integer>, Integer> boxMarks = new LinkedHashMap<>();
        Map<BudgetedName, Integer> nameMarks = new LinkedHashMap<>();
        for (Budgeted each : ruleset.budgeted()) {
            StringBuilder rules = new StringBuilder();
            each.budgets()
                    .forEach(place ->
                            rules.append(ruleset.budgets().get(place).rule()).append('\n'));
            if (!orEmpty(each.egress()).isEmpty() || !orEmpty(each.names()).isEmpty()) {
                boxMarks.computeIfAbsent(each.budgets(), _ -> mark("addresses\n" + rules, used));
            }
            for (AllowedName name : orEmpty(each.names())) {
                NamedPort.of(name)
                        .map(port -> new BudgetedName(name.domain(), each.budgets(), quicPorts.contains(port)))
                        .forEach(key -> nameMarks.computeIfAbsent(
                                key,
                                _ -> mark((key.quic() ? "quic" : "name") + "\n" + key.domain() + "\n" + rules, used)));
            }
        }
        return new GroupBudgets(ruleset.budgets(), ruleset.budgeted(), quic, boxMarks, nameMarks);
    }

    private static List<AllowedName> quic(GroupRuleset ruleset) {
        Set<NamedPort> ports = NamedPort.of(ruleset.budgetedNames());
        return ruleset.quicNames().stream()
                .filter(name -> NamedPort.of(name).anyMatch(ports::contains))
                .toList();
    }

    /** @param used marks, to which this adds the new one */
    private static int mark(String text, Set<Integer> used) {
        for (int attempt = 0; ; attempt++) {
            int mark = ConnectionMark.BUDGETED.of(
                    Integer.parseUnsignedInt(Names.digest(attempt + "\n" + text, 8), HEXADECIMAL));
            if (used.add(mark)) {
                return mark;
            }
        }
    }

    boolean isEmpty() {
        return budgets.isEmpty();
    }

    /** Of what the kernel's sets of them do not hold. Letters and digits. */
    String digest() {
        return RulesetHash.of(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), budgets, budgeted, quic)
                .substring(0, DIGEST);
    }

    /** The budgets to which the kernel charges connections. */
    Set<Budget> charged() {
        Set<Budget> charged = new HashSet<>();
        byMark().values().forEach(charged::addAll);
        return charged;
    }

    /** The budgets to which is charged what passes through the egress proxy. */
    Set<Budget> relayed() {
        Set<Budget> relayed = new HashSet<>();
        for (Budgeted each : budgeted) {
            if (each.tlsNames() != null || each.httpNames() != null || each.httpsNames() != null) {
                relayed.addAll(at(each.budgets()));
            }
        }
        return relayed;
    }

    /** Which budgets each mark is charged to. */
    Map<Integer, List<Budget>> byMark() {
        Map<Integer, List<Budget>> byMark = new HashMap<>();
        boxMarks.forEach((places, mark) -> byMark.put(mark, at(places)));
        nameMarks.forEach((name, mark) -> byMark.put(mark, at(name.budgets())));
        return byMark;
    }

    private List<Budget> at(List<Integer> places) {
        return places.stream().map(budgets::get).toList();
    }

    Set<Integer> allMarks() {
        Set<Integer> all = new HashSet<>(boxMarks.values());
        all.addAll(nameMarks.values());
        return all;
    }

    List<MarkedBox> boxes(boolean ipv6) {
        List<MarkedBox> boxes = new ArrayList<>();
        for (Budgeted each : budgeted) {
            for (Allow allow : orEmpty(each.egress())) {
                if (allow.cidr().contains(":") == ipv6) {
                    boxes.add(new MarkedBox(allow, Objects.requireNonNull(boxMarks.get(each.budgets()))));
                }
            }
        }
        return boxes;
    }

    /** The ports of the names with the marks of connections to them. */
    Set<MarkedPort> ports() {
        Set<NamedPort> quicPorts = NamedPort.of(quic);
        Set<MarkedPort> ports = new HashSet<>();
        for (Budgeted each : budgeted) {
            for (AllowedName name : orEmpty(each.names())) {
                NamedPort.of(name)
                        .forEach(port -> ports.add(
                                new MarkedPort(mark(name.domain(), each.budgets(), quicPorts.contains(port)), port)));
            }
        }
        return ports;
    }

    /** The mark of connections to what that name of a rule resolved to; empty where it is none, or has not that port. */
    OptionalInt mark(String domain, NamedPort port) {
        for (Budgeted each : budgeted) {
            for (AllowedName name : orEmpty(each.names())) {
                if (name.domain().equals(domain) && NamedPort.of(name).anyMatch(port::equals)) {
                    return OptionalInt.of(
                            mark(domain, each.budgets(), NamedPort.of(quic).contains(port)));
                }
            }
        }
        return OptionalInt.empty();
    }

    private int mark(String domain, List<Integer> places, boolean toQuic) {
        return Objects.requireNonNull(nameMarks.get(new BudgetedName(domain, places, toQuic)));
    }

    /**
     * What the kernel allows, of boxes that were read from it and the names that these budgets have.
     *
     * @throws IllegalStateException where a box has a mark that none of these budgets has
     */
    List<Budgeted> held(List<MarkedBox> boxes) {
        Map<Integer, List<Integer>> places = new HashMap<>();
        boxMarks.forEach((budgets, mark) -> places.put(mark, budgets));
        List<Budgeted> held = new ArrayList<>();
        for (MarkedBox each : boxes) {
            List<Integer> its = places.get(each.mark());
            if (its == null) {
                throw new IllegalStateException("a box with the mark " + Integer.toUnsignedString(each.mark()));
            }
            held.add(new Budgeted(its, List.of(each.box()), List.of()));
        }
        budgeted.forEach(each -> held.add(new Budgeted(
                each.budgets(),
                List.of(),
                orEmpty(each.names()),
                each.tlsNames(),
                each.httpNames(),
                each.httpsNames())));
        return held;
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return Objects.requireNonNullElse(list, List.of());
    }
}
