package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.fence.SetNames.Kind;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.nftables.TableMessages;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The groups' chains and sets in the fence's table. What it knows was read from the kernel. Not thread-safe. */
final class GroupRules {
    /** Changed groups that are read back one by one rather than with all others. */
    private static final int FEW = 16;

    private static final TableMessages MESSAGES = new TableMessages(Names.TABLE);

    private final Place fence;
    private final TableReader table;
    private final GroupReader reader;
    private final SecureRandom random = new SecureRandom();
    /** Empty where the kernel may hold other rules than were read last. */
    private Optional<Map<String, HeldGroup>> known = Optional.empty();
    /** Empty before the first time, and where the last attempt may have come half the way. */
    private Optional<List<GroupRuleset>> applied = Optional.empty();
    /** For the sets to come; read from the kernel once, since no number is used twice. */
    private Optional<SetNames> setNames = Optional.empty();
    /** Whether the kernel may hold sets that no rule looks up. */
    private boolean unusedSetsRemain = true;
    /** What was applied, or may have been, by digest: the kernel holds but the digest. */
    private Map<String, NamesOfSet> namesByDigest = Map.of();

    private Map<String, GroupBudgets> budgetsByDigest = Map.of();
    /** Of each group that has some, as applied last or about to be. */
    private Optional<Map<String, GroupBudgets>> budgets = Optional.empty();

    GroupRules(Place fence, TableReader table) {
        this.fence = fence;
        this.table = table;
        this.reader = new GroupReader(
                table,
                digest -> Optional.ofNullable(namesByDigest.get(digest)),
                digest -> Optional.ofNullable(budgetsByDigest.get(digest)));
    }

    /** Which groups agents are bound to. */
    interface Bound {
        Set<String> groups() throws IOException;
    }

    /** The group as last read; empty where it is not applied. */
    Optional<HeldGroup> applied(String group) throws IOException {
        return Optional.ofNullable(groups().get(group)).filter(HeldGroup::applied);
    }

    /** What was applied last; empty before the first time, and where the last attempt may have come half the way. */
    Optional<List<GroupRuleset>> applied() {
        return applied;
    }

    /** Hash of what the group allows, which is nothing for one that the kernel does not have. */
    String hash(String group) throws IOException {
        return groups().getOrDefault(group, HeldGroup.WITHDRAWN).hash();
    }

    /** The marks of all groups' names. */
    Set<Integer> nameMarks() throws IOException {
        return groups().values().stream()
                .flatMap(group -> group.nameMarks().stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** The marks of names of rules with budgets. */
    Set<Integer> budgetMarks() {
        return budgets.orElse(Map.of()).values().stream()
                .flatMap(its -> its.allMarks().stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Whether the kernel holds a group with budgets. */
    boolean haveBudgets() throws IOException {
        return groups().values().stream()
                .anyMatch(group -> group.sets().budgets().isPresent());
    }

    /** The group's budgets; empty where it is not known yet whether it has some. */
    Optional<GroupBudgets> budgets(String group) {
        return budgets.map(all -> all.getOrDefault(group, GroupBudgets.NONE));
    }

    /** Whether connections of some group are intercepted. */
    boolean intercepts() throws IOException {
        return groups().values().stream()
                .anyMatch(group -> group.sets().tlsNames().isPresent());
    }

    /**
     * Puts {@code rulesets} in the place of all groups.
     *
     * @param bound groups that agents are bound to; asked for where some are not in {@code rulesets}
     */
    void replace(List<GroupRuleset> rulesets, Bound bound) throws IOException {
        Map<String, HeldGroup> groups = groups();
        List<GroupRuleset> changed = rulesets.stream()
                .filter(ruleset -> !holds(groups.get(ruleset.name()), ruleset))
                .toList();
        SetNames names = setNames.isPresent() ? setNames.get() : new SetNames(table.sets());
        setNames = Optional.of(names);
        Set<Integer> usedMarks = new HashSet<>(nameMarks());
        groups.values().forEach(group -> usedMarks.add(group.sets().boxMark()));
        StringBuilder fill = new StringBuilder();
        StringBuilder swap = new StringBuilder();
        for (GroupRuleset ruleset : changed) {
            HeldGroup held = groups.getOrDefault(ruleset.name(), HeldGroup.WITHDRAWN);
            // What has begun as QUIC goes on with packets that look like anything.
            Set<NamedPort> closedToQuic = new HashSet<>(held.quic());
            closedToQuic.removeAll(NamedPort.of(ruleset.quicNames()));
            NameMarks marks = marks(
                    held.sets().names(),
                    held.marks().ofKind(ConnectionMark.NAME).without(closedToQuic),
                    NamesOfSet.plain(ruleset),
                    ConnectionMark.NAME.fresh(random, usedMarks));
            NameMarks tlsMarks = marks(
                    held.sets().tlsNames(),
                    held.tlsMarks().ofKind(ConnectionMark.INTERCEPTED),
                    NamesOfSet.intercepted(ruleset),
                    ConnectionMark.INTERCEPTED.fresh(random, usedMarks));
            // Whatever has changed: each connection is looked up anew, once.
            int boxMark = ConnectionMark.BOX.fresh(random, usedMarks);
            prepare(ruleset, boxMark, marks, tlsMarks, names, fill, swap);
        }
        Set<String> kept = rulesets.stream().map(GroupRuleset::name).collect(Collectors.toSet());
        boolean dropped = !kept.containsAll(groups.keySet());
        if (dropped) {
            swap.append(drop(groups, kept, bound.groups()));
        }
        boolean few = !dropped && !unusedSetsRemain && changed.size() <= FEW && areReadable(groups, changed);
        known = Optional.empty();
        applied = Optional.empty();
        unusedSetsRemain = true;
        Map<String, NamesOfSet> next = byDigest(rulesets);
        Map<String, NamesOfSet> both = new HashMap<>(namesByDigest);
        both.putAll(next);
        namesByDigest = both;
        Map<String, GroupBudgets> nextBudgets = budgetsOf(rulesets);
        Map<String, GroupBudgets> bothBudgets = new HashMap<>(budgetsByDigest);
        nextBudgets.values().forEach(its -> bothBudgets.put(its.digest(), its));
        budgetsByDigest = bothBudgets;
        budgets = Optional.of(nextBudgets);
        fence.transaction(fill.toString());
        fence.transaction(swap.toString());
        if (few) {
            known = Optional.of(readAgain(groups, changed));
        } else {
            removeUnusedSets();
            known = Optional.of(reader.read(groups));
        }
        namesByDigest = next;
        budgetsByDigest = nextBudgets.values().stream()
                .collect(Collectors.toMap(GroupBudgets::digest, its -> its, (first, _) -> first));
        applied = Optional.of(List.copyOf(rulesets));
    }

    private static String drop(Map<String, HeldGroup> groups, Set<String> kept, Set<String> bound) {
        StringBuilder swap = new StringBuilder();
        groups.forEach((name, group) -> {
            if (!kept.contains(name) && !bound.contains(name)) {
                swap.append(Rules.deleteGroup(name));
            } else if (!kept.contains(name) && !group.withdrawn()) {
                swap.append(Rules.group(name, GroupSets.NONE));
            }
        });
        return swap.toString();
    }

    /** Whether it is known which sets the groups had before. */
    private static boolean areReadable(Map<String, HeldGroup> groups, List<GroupRuleset> changed) {
        return changed.stream()
                .map(ruleset -> groups.get(ruleset.name()))
                .noneMatch(held -> held != null
                        && (held.equals(HeldGroup.ALTERED)
                                || held.applied() && held.sets().boxMark() == 0));
    }

    /** Reads the changed groups back, and removes the sets that they had before. */
    private Map<String, HeldGroup> readAgain(Map<String, HeldGroup> before, List<GroupRuleset> changed)
            throws IOException {
        Map<String, HeldGroup> now = new HashMap<>(before);
        List<NetlinkMessage> deletions = new ArrayList<>();
        for (GroupRuleset ruleset : changed) {
            HeldGroup held = reader.read(ruleset.name());
            now.put(ruleset.name(), held);
            Set<String> unused = new HashSet<>(before.getOrDefault(ruleset.name(), HeldGroup.WITHDRAWN)
                    .sets()
                    .byKind()
                    .values());
            unused.removeAll(held.sets().byKind().values());
            unused.forEach(set -> deletions.add(MESSAGES.deleteSet(set)));
        }
        if (!deletions.isEmpty()) {
            fence.filter().execute(TableMessages.transaction(deletions));
        }
        unusedSetsRemain = false;
        return Map.copyOf(now);
    }

    /** Reads chains and rules again, whoever may have changed them, and the elements of sets that are new in them. */
    void look() throws IOException {
        Map<String, HeldGroup> earlier = known.orElse(Map.of());
        known = Optional.empty();
        known = Optional.of(reader.read(earlier));
    }

    /** Reads the elements of the group's sets again, whoever may have changed them. */
    void readAgain(String name) throws IOException {
        Map<String, HeldGroup> groups = new HashMap<>(groups());
        HeldGroup group = groups.get(name);
        if (group != null && group.applied()) {
            known = Optional.empty();
            groups.put(name, reader.read(name, group.sets()));
            known = Optional.of(Map.copyOf(groups));
        }
    }

    /** Every group that the kernel holds. */
    Set<String> names() throws IOException {
        return Set.copyOf(groups().keySet());
    }

    /**
     * Puts what was applied last in the place of what others made of it.
     *
     * @param bound groups that agents are bound to
     * @return groups that were not as they should be
     */
    Set<String> restore(Bound bound) throws IOException {
        if (applied.isEmpty()) {
            return Set.of();
        }
        List<GroupRuleset> rulesets = applied.get();
        Map<String, HeldGroup> groups = groups();
        Set<String> wrong = new TreeSet<>();
        for (GroupRuleset ruleset : rulesets) {
            if (!holds(groups.get(ruleset.name()), ruleset)) {
                wrong.add(ruleset.name());
            }
        }
        Set<String> wanted = rulesets.stream().map(GroupRuleset::name).collect(Collectors.toSet());
        groups.forEach((name, group) -> {
            if (!wanted.contains(name) && !group.withdrawn()) {
                wrong.add(name);
            }
        });
        if (!wrong.isEmpty()) {
            replace(rulesets, bound);
        }
        return wrong;
    }

    private Map<String, HeldGroup> groups() throws IOException {
        Map<String, HeldGroup> groups = known.isPresent() ? known.get() : reader.read(Map.of());
        known = Optional.of(groups);
        return groups;
    }

    private static boolean holds(@Nullable HeldGroup group, GroupRuleset ruleset) {
        return group != null
                && group.applied()
                && group.sets().boxMark() != 0
                && group.hash().equals(ruleset.hash());
    }

    /** @param set that the kernel holds and the marks held are in */
    private NameMarks marks(Optional<String> set, NameMarks held, NamesOfSet wanted, int fresh) {
        Optional<String> digest = set.map(SetNames::digest);
        Optional<NamesOfSet> before = digest.isEmpty()
                ? Optional.of(NamesOfSet.NONE)
                : digest.get().equals(wanted.digest())
                        ? Optional.of(wanted)
                        : Optional.ofNullable(namesByDigest.get(digest.get()));
        return held.with(wanted.all(), before.map(NamesOfSet::all), fresh);
    }

    /** Those of groups that have some. */
    static Map<String, GroupBudgets> budgetsOf(List<GroupRuleset> rulesets) {
        Map<String, GroupBudgets> all = new HashMap<>();
        for (GroupRuleset ruleset : rulesets) {
            GroupBudgets its = GroupBudgets.of(ruleset);
            if (!its.isEmpty()) {
                all.put(ruleset.name(), its);
            }
        }
        return all;
    }

    private static Map<String, NamesOfSet> byDigest(List<GroupRuleset> rulesets) {
        return rulesets.stream()
                .flatMap(ruleset ->
                        Stream.of(NamesOfSet.plain(ruleset), NamesOfSet.intercepted(ruleset), NamesOfSet.quic(ruleset)))
                .filter(names -> !names.all().isEmpty())
                .collect(Collectors.toMap(NamesOfSet::digest, names -> names, (first, _) -> first));
    }

    private static void prepare(
            GroupRuleset ruleset,
            int boxMark,
            NameMarks marks,
            NameMarks tlsMarks,
            SetNames names,
            StringBuilder fill,
            StringBuilder swap) {
        Map<Kind, String> sets = new EnumMap<>(Kind.class);
        boxes(ruleset.egress(), false, ruleset.name(), Kind.EGRESS_IPV4, names, sets, fill);
        boxes(ruleset.egress(), true, ruleset.name(), Kind.EGRESS_IPV6, names, sets, fill);
        boxes(ruleset.ingress(), false, ruleset.name(), Kind.INGRESS_IPV4, names, sets, fill);
        boxes(ruleset.ingress(), true, ruleset.name(), Kind.INGRESS_IPV6, names, sets, fill);
        named(NamesOfSet.plain(ruleset), marks, ruleset.name(), Kind.NAMES, names, sets, fill);
        named(NamesOfSet.intercepted(ruleset), tlsMarks, ruleset.name(), Kind.TLS_NAMES, names, sets, fill);
        budgeted(GroupBudgets.of(ruleset), ruleset.name(), names, sets, fill);
        quic(ruleset, marks, names, sets, fill);
        swap.append(Rules.group(ruleset.name(), new GroupSets(sets, boxMark)));
    }

    private static void quic(
            GroupRuleset ruleset, NameMarks marks, SetNames names, Map<Kind, String> sets, StringBuilder fill) {
        NamesOfSet its = NamesOfSet.quic(ruleset);
        Set<MarkedPort> ports = its.among(marks, GroupBudgets.of(ruleset));
        if (!ports.isEmpty()) {
            String set = names.names(Kind.QUIC_NAMES, ruleset.name(), its.digest());
            sets.put(Kind.QUIC_NAMES, set);
            fill.append(Rules.namesSet(set, ports));
        }
    }

    /** The first is there whatever it holds: its name tells which budgets these are. */
    private static void budgeted(
            GroupBudgets budgets, String group, SetNames names, Map<Kind, String> sets, StringBuilder fill) {
        if (budgets.isEmpty()) {
            return;
        }
        String digest = budgets.digest();
        String ipv4 = names.names(Kind.BUDGETED_IPV4, group, digest);
        sets.put(Kind.BUDGETED_IPV4, ipv4);
        fill.append(Rules.budgetedMap(ipv4, false, budgets.boxes(false)));
        if (!budgets.boxes(true).isEmpty()) {
            String ipv6 = names.names(Kind.BUDGETED_IPV6, group, digest);
            sets.put(Kind.BUDGETED_IPV6, ipv6);
            fill.append(Rules.budgetedMap(ipv6, true, budgets.boxes(true)));
        }
        if (!budgets.ports().isEmpty()) {
            String ports = names.names(Kind.BUDGETED_NAMES, group, digest);
            sets.put(Kind.BUDGETED_NAMES, ports);
            fill.append(Rules.namesSet(ports, budgets.ports()));
        }
    }

    private static void named(
            NamesOfSet all,
            NameMarks marks,
            String group,
            Kind kind,
            SetNames names,
            Map<Kind, String> sets,
            StringBuilder fill) {
        if (!all.all().isEmpty()) {
            String set = names.names(kind, group, all.digest());
            sets.put(kind, set);
            fill.append(Rules.namesSet(set, marks.ports()));
        }
    }

    private static void boxes(
            List<Allow> all,
            boolean ipv6,
            String group,
            Kind kind,
            SetNames names,
            Map<Kind, String> sets,
            StringBuilder fill) {
        List<Allow> boxes = all.stream().filter(allow -> isIpv6(allow) == ipv6).toList();
        if (!boxes.isEmpty() || kind == Kind.EGRESS_IPV4) {
            String set = names.boxes(kind, group);
            sets.put(kind, set);
            fill.append(Rules.boxSet(set, ipv6, boxes));
        }
    }

    private static boolean isIpv6(Allow allow) {
        return allow.cidr().contains(":");
    }

    /** Removes sets that no rule looks up: what was replaced just now, or by a process that did not come to this. */
    void removeUnusedSets() throws IOException {
        Set<String> used = table.rules().stream()
                .flatMap(rule -> rule.expressions().stream())
                .flatMap(expression -> expression.set().stream())
                .collect(Collectors.toSet());
        fence.transaction(table.sets().stream()
                .filter(SetNames::replaced)
                .filter(set -> !used.contains(set))
                .map(Rules::deleteSet)
                .collect(Collectors.joining()));
        unusedSetsRemain = false;
    }
}
