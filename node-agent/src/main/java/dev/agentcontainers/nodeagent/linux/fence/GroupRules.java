package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Element;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Rule;
import dev.agentcontainers.nodeagent.linux.nftables.TableReader.Verdict;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The groups' chains and sets in the fence's table. What it knows was read from the kernel. Not thread-safe. */
final class GroupRules {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRules.class);

    /**
     * A group as the kernel holds it.
     *
     * @param sets the sets that its rules look up; none where it was withdrawn while agents were bound to it, or altered
     * @param hash of what is allowed, which for an altered one is no ruleset's
     */
    record Group(List<String> sets, String hash) {
        /** Its chain holds rules that the fence did not make. */
        static final Group ALTERED = new Group(List.of(), "altered");

        boolean applied() {
            return !sets.isEmpty();
        }

        boolean withdrawn() {
            return sets.isEmpty() && !this.equals(ALTERED);
        }
    }

    private final Place fence;
    private final TableReader table;
    /** Empty where the kernel may hold other rules than were read last. */
    private Optional<Map<String, Group>> known = Optional.empty();
    /** Empty before the first time, and where the last attempt may have come half the way. */
    private Optional<List<GroupRuleset>> applied = Optional.empty();

    GroupRules(Place fence, TableReader table) {
        this.fence = fence;
        this.table = table;
    }

    /** The group as last read; empty where it is not applied. */
    Optional<Group> applied(String group) throws IOException {
        return Optional.ofNullable(groups().get(group)).filter(Group::applied);
    }

    /** Hash of what the group allows, which is nothing for one that the kernel does not have. */
    String hash(String group) throws IOException {
        Group found = groups().get(group);
        return found == null ? RulesetHash.of(List.of()) : found.hash;
    }

    /**
     * Puts {@code rulesets} in the place of all groups.
     *
     * @param bound groups that agents are bound to
     */
    void replace(List<GroupRuleset> rulesets, Set<String> bound) throws IOException {
        Map<String, Group> groups = groups();
        List<GroupRuleset> changed = rulesets.stream()
                .filter(ruleset -> !holds(groups.get(ruleset.name()), ruleset))
                .toList();
        SetNames names = new SetNames(table.sets());
        StringBuilder fill = new StringBuilder();
        StringBuilder swap = new StringBuilder();
        for (GroupRuleset ruleset : changed) {
            prepare(ruleset, names, fill, swap);
        }
        Set<String> kept = rulesets.stream().map(GroupRuleset::name).collect(Collectors.toSet());
        groups.forEach((name, group) -> {
            if (!kept.contains(name) && !bound.contains(name)) {
                swap.append(Rules.deleteGroupChain(name));
            } else if (!kept.contains(name) && !group.withdrawn()) {
                swap.append(Rules.groupChain(name, List.of(), List.of()));
            }
        });
        known = Optional.empty();
        applied = Optional.empty();
        fence.transaction(fill.toString());
        fence.transaction(swap.toString());
        removeUnusedSets();
        known = Optional.of(read(groups));
        applied = Optional.of(List.copyOf(rulesets));
    }

    /** Reads chains and rules again, whoever may have changed them, and the elements of sets that are new in them. */
    void look() throws IOException {
        Map<String, Group> earlier = known.orElse(Map.of());
        known = Optional.empty();
        known = Optional.of(read(earlier));
    }

    /** Reads the elements of the group's sets again, whoever may have changed them. */
    void readAgain(String name) throws IOException {
        Map<String, Group> groups = new HashMap<>(groups());
        Group group = groups.get(name);
        if (group != null && group.applied()) {
            known = Optional.empty();
            groups.put(name, read(Names.chain(name), group.sets));
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
    Set<String> restore(Set<String> bound) throws IOException {
        if (applied.isEmpty()) {
            return Set.of();
        }
        List<GroupRuleset> rulesets = applied.get();
        Map<String, Group> groups = groups();
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

    private Map<String, Group> groups() throws IOException {
        Map<String, Group> groups = known.isPresent() ? known.get() : read(Map.of());
        known = Optional.of(groups);
        return groups;
    }

    private static boolean holds(@Nullable Group group, GroupRuleset ruleset) {
        return group != null && group.applied() && group.hash.equals(ruleset.hash());
    }

    /** Every group has an IPv4 set, though empty: a chain without any is that of a withdrawn group. */
    private static void prepare(GroupRuleset ruleset, SetNames names, StringBuilder fill, StringBuilder swap) {
        Map<Boolean, List<Allow>> byFamily =
                ruleset.egress().stream().collect(Collectors.partitioningBy(allow -> isIpv6(allow)));
        List<Allow> ipv4 = byFamily.getOrDefault(false, List.of());
        List<Allow> ipv6 = byFamily.getOrDefault(true, List.of());
        String ipv4Set = names.ipv4(ruleset.name());
        fill.append(Rules.groupSet(ipv4Set, false, ipv4));
        List<String> ipv6Sets = new ArrayList<>();
        if (!ipv6.isEmpty()) {
            ipv6Sets.add(names.ipv6(ruleset.name()));
            fill.append(Rules.groupSet(ipv6Sets.getFirst(), true, ipv6));
        }
        swap.append(Rules.groupChain(ruleset.name(), List.of(ipv4Set), ipv6Sets));
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
    }

    /** @param earlier groups as read before: a set that is still in use is not read again, since sets never change */
    private Map<String, Group> read(Map<String, Group> earlier) throws IOException {
        Map<String, List<Rule>> rules = new LinkedHashMap<>();
        for (String chain : table.chains()) {
            if (Names.isGroupChain(chain)) {
                rules.put(chain, new ArrayList<>());
            }
        }
        for (Rule rule : table.rules()) {
            List<Rule> chain = rules.get(rule.chain());
            if (chain != null) {
                chain.add(rule);
            }
        }
        Map<String, Group> read = new HashMap<>();
        for (Map.Entry<String, List<Rule>> chain : rules.entrySet()) {
            String group = Names.group(chain.getKey());
            read.put(group, read(chain.getKey(), chain.getValue(), Optional.ofNullable(earlier.get(group))));
        }
        return Map.copyOf(read);
    }

    private Group read(String chain, List<Rule> rules, Optional<Group> earlier) throws IOException {
        if (rules.isEmpty() || !refusesAll(rules.getLast())) {
            return altered(chain);
        }
        List<String> sets = new ArrayList<>();
        for (Rule rule : rules.subList(0, rules.size() - 1)) {
            Optional<String> set = acceptedSet(rule);
            if (set.isEmpty()) {
                return altered(chain);
            }
            sets.add(set.get());
        }
        return earlier.filter(Group::applied)
                        .filter(group -> group.sets.equals(sets))
                        .isPresent()
                ? earlier.get()
                : read(chain, List.copyOf(sets));
    }

    private Group read(String chain, List<String> sets) throws IOException {
        if (sets.isEmpty()) {
            return new Group(sets, RulesetHash.of(List.of()));
        }
        List<Allow> egress = new ArrayList<>();
        try {
            for (String set : sets) {
                for (Element element : table.elements(set)) {
                    egress.add(AllowedBox.of(element, SetNames.isIpv6(set)));
                }
            }
        } catch (IllegalStateException e) {
            return altered(chain);
        }
        return new Group(sets, RulesetHash.of(List.copyOf(egress)));
    }

    private static boolean refusesAll(Rule rule) {
        return rule.expressions().size() == 1
                && rule.expressions().getFirst().verdict().equals(Optional.of(new Verdict(Verdict.GOTO, Names.REFUSE)));
    }

    /** The set of a rule that accepts what is in a set and does nothing else. */
    private static Optional<String> acceptedSet(Rule rule) {
        List<String> sets = rule.expressions().stream()
                .flatMap(expression -> expression.set().stream())
                .filter(set -> SetNames.isIpv4(set) || SetNames.isIpv6(set))
                .toList();
        boolean accepts = rule.expressions().getLast().verdict().equals(Optional.of(new Verdict(Verdict.ACCEPT, "")));
        return accepts && sets.size() == 1 ? Optional.of(sets.getFirst()) : Optional.empty();
    }

    private static Group altered(String chain) {
        LOG.warn("the chain {} holds rules that the fence did not make: no agent is bound to it", chain);
        return Group.ALTERED;
    }
}
