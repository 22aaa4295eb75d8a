package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.operator.fleet.NodePolicy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes a node's parts so that a group which the API server will not take keeps back no other: where a part is refused, its groups
 * are written without those that it is refused for, which stay as they were. Not thread-safe.
 */
final class PartWrites {
    private final NodePolicy present;
    private final Store store;
    private final Set<String> refused = new HashSet<>();
    private Optional<String> refusal = Optional.empty();
    private boolean written;

    /** Where parts are written. */
    interface Store {
        /** Why it is refused for good; empty where it was written. */
        Optional<String> write(int number, List<Group> groups);
    }

    PartWrites(NodePolicy present, Store store) {
        this.present = present;
        this.store = store;
    }

    /** @param changes in the order of {@link PolicyParts#changes} */
    void write(List<PolicyParts.Change> changes) {
        changes.forEach(this::write);
    }

    /** Why something was refused, of the first; empty where all was written. */
    Optional<String> refusal() {
        return refusal;
    }

    /** Whether anything was written. */
    boolean written() {
        return written;
    }

    private void write(PolicyParts.Change change) {
        Map<String, Group> before = present.groups(change.number());
        Map<String, Group> wanted = new TreeMap<>();
        change.groups().forEach(group -> wanted.put(group.name(), group));
        // What was to move from here and was refused there.
        before.forEach((name, group) -> {
            if (refused.contains(name)) {
                wanted.putIfAbsent(name, group);
            }
        });
        if (isTaken(change.number(), wanted)) {
            return;
        }
        Map<String, Group> base = new TreeMap<>();
        List<Group> changed = new ArrayList<>();
        wanted.forEach((name, group) -> {
            Group former = before.get(name);
            if (former != null) {
                base.put(name, former);
            }
            if (!group.equals(former)) {
                changed.add(group);
            }
        });
        divide(change.number(), base, changed);
    }

    /**
     * Writes as many as are taken, of groups that were refused together.
     *
     * @param base what the part has beside, to which this adds what was taken
     */
    private void divide(int number, Map<String, Group> base, List<Group> groups) {
        if (groups.size() < 2) {
            groups.forEach(group -> refused.add(group.name()));
            return;
        }
        int middle = groups.size() / 2;
        for (List<Group> half : List.of(groups.subList(0, middle), groups.subList(middle, groups.size()))) {
            Map<String, Group> more = new TreeMap<>(base);
            half.forEach(group -> more.put(group.name(), group));
            if (isTaken(number, more)) {
                base.putAll(more);
            } else {
                divide(number, base, half);
            }
        }
    }

    private boolean isTaken(int number, Map<String, Group> groups) {
        Optional<String> why = store.write(number, List.copyOf(groups.values()));
        refusal = refusal.or(() -> why);
        written |= why.isEmpty();
        return why.isEmpty();
    }
}
