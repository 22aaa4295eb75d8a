package dev.agentcontainers.operator.fleet;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.api.v1alpha1.Api;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The policy of one node: the union of its AgentNodePolicies, which are its parts. A group stands in one of them; in two only
 * while it moves, and then the one written later counts.
 *
 * @param parts by number; 0 is the one that every node has
 */
public record NodePolicy(SortedMap<Integer, AgentNodePolicy> parts) {
    private static final Pattern FURTHER = Pattern.compile(Pattern.quote(Api.NODE_POLICY_NAME) + "-([1-9][0-9]{0,5})");

    public static NodePolicy of(Collection<AgentNodePolicy> policies) {
        SortedMap<Integer, AgentNodePolicy> parts = new TreeMap<>();
        for (AgentNodePolicy policy : policies) {
            number(policy.getMetadata().getName()).ifPresent(number -> parts.put(number, policy));
        }
        return new NodePolicy(parts);
    }

    /** The name of a part's AgentNodePolicy. */
    public static String nameOf(int number) {
        return number == 0 ? Api.NODE_POLICY_NAME : Api.NODE_POLICY_NAME + "-" + number;
    }

    private static Optional<Integer> number(String name) {
        if (name.equals(Api.NODE_POLICY_NAME)) {
            return Optional.of(0);
        }
        Matcher matcher = FURTHER.matcher(name);
        return matcher.matches() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
    }

    public Optional<AgentNodePolicy> part(int number) {
        return Optional.ofNullable(parts.get(number));
    }

    /** The groups of a part, by name. */
    public Map<String, Group> groups(int number) {
        return part(number).map(NodePolicy::groups).orElse(Map.of());
    }

    /** Those groups of a part that count there: not what has moved to another. */
    public List<Group> counting(int number) {
        Map<String, Integer> numbers = new HashMap<>();
        List<Map.Entry<Integer, AgentNodePolicy>> lastWrittenFirst = new ArrayList<>(parts.entrySet());
        lastWrittenFirst.sort((first, second) -> Long.compare(sequence(second.getValue()), sequence(first.getValue())));
        lastWrittenFirst.forEach(
                part -> groups(part.getValue()).keySet().forEach(name -> numbers.putIfAbsent(name, part.getKey())));
        return groups(number).values().stream()
                .filter(group -> Integer.valueOf(number).equals(numbers.get(group.name())))
                .toList();
    }

    /** The part in which the group counts. */
    public Optional<Integer> numberOf(String group) {
        return parts.entrySet().stream()
                .filter(part -> groups(part.getValue()).containsKey(group))
                .max(Comparator.comparingLong(part -> sequence(part.getValue())))
                .map(Map.Entry::getKey);
    }

    /** The AgentNodePolicy in which the group counts. */
    public Optional<AgentNodePolicy> partWith(String group) {
        return numberOf(group).flatMap(this::part);
    }

    public Optional<Group> group(String name) {
        return numberOf(name).map(number -> groups(number).get(name));
    }

    /** The highest epoch that the node is told; empty where it is told none. */
    public Optional<Long> epoch() {
        return parts.values().stream()
                .filter(part -> part.getSpec() != null)
                .map(part -> part.getSpec().epoch())
                .max(Comparator.naturalOrder());
    }

    /** The number of the last write to any part. */
    public long sequence() {
        return parts.values().stream().mapToLong(NodePolicy::sequence).max().orElse(0);
    }

    private static long sequence(AgentNodePolicy part) {
        return part.getSpec() == null || part.getSpec().sequence() == null
                ? 0
                : part.getSpec().sequence();
    }

    private static Map<String, Group> groups(AgentNodePolicy part) {
        AgentNodePolicySpec spec = part.getSpec();
        Map<String, Group> groups = new LinkedHashMap<>();
        if (spec != null && spec.groups() != null) {
            List<Group> all = spec.groups();
            all.forEach(group -> groups.put(group.name(), group));
        }
        return groups;
    }
}
