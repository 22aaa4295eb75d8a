package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.operator.fleet.NodePolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Spreads a node's policy groups over as many AgentNodePolicies as it takes to keep each of a size that the API server stores.
 * A group stays where it is, so that one that changes costs one write; only one for which there is no room any more moves. Pure.
 */
final class PolicyParts {
    /** Characters of JSON up to which groups are added to a part: a third of what the API server stores. */
    static final long FULL = 512 * 1024;
    /** Characters of JSON above which groups have to leave a part: two thirds of what the API server stores. */
    static final long TOO_FULL = 2 * FULL;

    private static final int GROUP_OVERHEAD = 160;
    private static final int BOX_OVERHEAD = 64;
    private static final int TEXT_OVERHEAD = 4;

    private PolicyParts() {}

    /**
     * What one part has to become.
     *
     * @param number 0 is the part that every node has
     * @param gains whether a group comes to it; such parts are written first, so that no group is missing meanwhile
     */
    record Change(int number, List<Group> groups, boolean gains) {}

    /**
     * The parts that have to be written, in the order in which that is to happen. A group that nobody needs any more stays until
     * its part is written anyway.
     *
     * @param wanted the groups by name
     */
    static List<Change> changes(NodePolicy present, Map<String, Group> wanted) {
        SortedMap<Integer, SortedMap<String, Group>> parts = new TreeMap<>();
        present.parts().keySet().forEach(number -> parts.put(number, new TreeMap<>()));
        List<Group> homeless = new ArrayList<>();
        new TreeMap<>(wanted)
                .forEach((name, group) -> present.numberOf(name)
                        .ifPresentOrElse(number -> part(parts, number).put(name, group), () -> homeless.add(group)));
        parts.forEach((number, groups) -> homeless.addAll(overflow(groups, present.groups(number))));
        Set<Integer> gaining = new HashSet<>();
        for (Group group : homeless) {
            int number = roomFor(group, parts);
            part(parts, number).put(group.name(), group);
            gaining.add(number);
        }
        List<Change> changes = new ArrayList<>();
        parts.forEach((number, groups) -> {
            if (mustChange(present.groups(number), groups, wanted.keySet())) {
                changes.add(new Change(number, List.copyOf(groups.values()), gaining.contains(number)));
            }
        });
        changes.sort((first, second) -> Boolean.compare(second.gains(), first.gains()));
        return List.copyOf(changes);
    }

    private static SortedMap<String, Group> part(SortedMap<Integer, SortedMap<String, Group>> parts, int number) {
        return parts.computeIfAbsent(number, any -> new TreeMap<>());
    }

    /** Takes out what makes the part too full: of what is written anyway the last by name, never more than it must. */
    private static List<Group> overflow(SortedMap<String, Group> groups, Map<String, Group> before) {
        long size = size(groups);
        List<Group> out = new ArrayList<>();
        for (Group group : List.copyOf(groups.values()).reversed()) {
            if (size > TOO_FULL && !group.equals(before.get(group.name()))) {
                groups.remove(group.name());
                out.add(group);
                size -= size(group);
            }
        }
        return out;
    }

    private static int roomFor(Group group, SortedMap<Integer, SortedMap<String, Group>> parts) {
        for (Map.Entry<Integer, SortedMap<String, Group>> part : parts.entrySet()) {
            if (part.getValue().isEmpty() || size(part.getValue()) + size(group) <= FULL) {
                return part.getKey();
            }
        }
        return parts.isEmpty() ? 0 : parts.lastKey() + 1;
    }

    /** Whether something wanted isn't there as wanted, or something is still there that has its place elsewhere. */
    private static boolean mustChange(Map<String, Group> before, Map<String, Group> after, Set<String> wanted) {
        return after.values().stream().anyMatch(group -> !group.equals(before.get(group.name())))
                || before.keySet().stream().anyMatch(name -> wanted.contains(name) && !after.containsKey(name));
    }

    private static long size(Map<String, Group> groups) {
        return groups.values().stream().mapToLong(PolicyParts::size).sum();
    }

    /** About how many characters of JSON the group takes, rather more than less. */
    static long size(Group group) {
        long size = GROUP_OVERHEAD + group.name().length() + group.hash().length();
        size += texts(group.sources()) + texts(group.problems());
        size += boxes(group.egress()) + boxes(group.ingress());
        size += names(group.names())
                + names(group.quicNames())
                + names(group.tlsNames())
                + httpNames(group.httpNames())
                + httpNames(group.httpsNames());
        size += budgets(group.budgets()) + budgeted(group.budgeted()) + rules(group.rules());
        return size;
    }

    private static long rules(@Nullable List<AllowingRule> rules) {
        return rules == null
                ? 0
                : rules.stream()
                        .mapToLong(each ->
                                BOX_OVERHEAD + each.rule().length() + boxes(each.egress()) + names(each.names()))
                        .sum();
    }

    private static long budgets(@Nullable List<Budget> budgets) {
        return budgets == null
                ? 0
                : budgets.stream()
                        .mapToLong(budget -> BOX_OVERHEAD + budget.rule().length())
                        .sum();
    }

    private static long budgeted(@Nullable List<Budgeted> budgeted) {
        return budgeted == null
                ? 0
                : budgeted.stream()
                        .mapToLong(each -> BOX_OVERHEAD
                                + boxes(each.egress())
                                + names(each.names())
                                + names(each.tlsNames())
                                + httpNames(each.httpNames())
                                + httpNames(each.httpsNames()))
                        .sum();
    }

    private static long httpNames(@Nullable List<AllowedHttp> names) {
        return names == null
                ? 0
                : names.stream()
                        .mapToLong(name -> 2 * BOX_OVERHEAD
                                + name.domain().length()
                                + texts(name.methods())
                                + texts(name.paths())
                                + texts(name.hosts()))
                        .sum();
    }

    private static long names(@Nullable List<AllowedName> names) {
        return names == null
                ? 0
                : names.stream()
                        .mapToLong(name -> BOX_OVERHEAD + name.domain().length())
                        .sum();
    }

    private static long boxes(@Nullable List<Allow> boxes) {
        return boxes == null
                ? 0
                : boxes.stream()
                        .mapToLong(box -> BOX_OVERHEAD + box.cidr().length())
                        .sum();
    }

    private static long texts(@Nullable List<String> texts) {
        return texts == null
                ? 0
                : texts.stream()
                        .mapToLong(text -> TEXT_OVERHEAD + text.length())
                        .sum();
    }
}
