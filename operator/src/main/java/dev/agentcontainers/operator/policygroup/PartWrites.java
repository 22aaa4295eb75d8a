package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.operator.fleet.NodePolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes a node's parts so that a group which the API server will not take keeps back no other: where a part is refused, its groups
 * are written without those that it is refused for, which stay as they were. Not thread-safe.
 */
final class PartWrites {
    private final NodePolicy present;
    private final Store store;
    private final Map<String, String> refused = new TreeMap<>();
    private boolean allTaken = true;
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

    /** The groups that could not be written as they were to be, each with why. */
    Map<String, String> refused() {
        return Map.copyOf(refused);
    }

    /** Whether all was written as it was to be. */
    boolean allTaken() {
        return allTaken;
    }

    /** Whether anything was written. */
    boolean written() {
        return written;
    }

    private void write(PolicyParts.Change change) {
        // Not what lies here from before it moved: that would count again.
        Map<String, Group> before = new TreeMap<>();
        present.counting(change.number()).forEach(group -> before.put(group.name(), group));
        Map<String, Group> wanted = new TreeMap<>();
        change.groups().forEach(group -> wanted.put(group.name(), group));
        // What was to move from here and was refused there.
        before.forEach((name, group) -> {
            if (refused.containsKey(name)) {
                wanted.putIfAbsent(name, group);
            }
        });
        Optional<String> why = attempt(change.number(), wanted);
        if (why.isEmpty()) {
            return;
        }
        allTaken = false;
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
        boolean leaves = base.size() < present.groups(change.number()).size();
        if (!divide(change.number(), base, changed, why.get()) && leaves && !changed.isEmpty()) {
            // What has its place elsewhere now must not count here again with the next write.
            attempt(change.number(), base);
        }
    }

    /**
     * Writes as many as are taken, of groups that were refused together.
     *
     * @param base what the part has beside, to which this adds what was taken
     * @param why they were
     * @return whether any was taken
     */
    private boolean divide(int number, Map<String, Group> base, List<Group> groups, String why) {
        if (groups.size() < 2) {
            groups.forEach(group -> refused.put(group.name(), why));
            return false;
        }
        boolean taken = false;
        int middle = groups.size() / 2;
        for (List<Group> half : List.of(groups.subList(0, middle), groups.subList(middle, groups.size()))) {
            Map<String, Group> more = new TreeMap<>(base);
            half.forEach(group -> more.put(group.name(), group));
            Optional<String> itsWhy = attempt(number, more);
            if (itsWhy.isEmpty()) {
                base.putAll(more);
                taken = true;
            } else {
                taken |= divide(number, base, half, itsWhy.get());
            }
        }
        return taken;
    }

    /** Writes them, or says why the API server does not take them. */
    private Optional<String> attempt(int number, Map<String, Group> groups) {
        Optional<String> why = store.write(number, List.copyOf(groups.values()));
        written |= why.isEmpty();
        return why;
    }
}
