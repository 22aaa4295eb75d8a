package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.policy.RulesetHash;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A policy group as the kernel holds it.
 *
 * @param sets that its chains look up; none where it was withdrawn while agents were bound to it, or altered
 * @param marks of its names
 * @param tlsMarks of those whose connections are intercepted
 * @param quic ports of names at which QUIC passes
 * @param hash of what is allowed, which for an altered one, and one whose names aren't known, is no ruleset's
 */
record HeldGroup(GroupSets sets, NameMarks marks, NameMarks tlsMarks, Set<NamedPort> quic, String hash) {
    /** Its chains hold rules that the fence did not make. */
    static final HeldGroup ALTERED = new HeldGroup(GroupSets.NONE, NameMarks.NONE, NameMarks.NONE, Set.of(), "altered");

    static final HeldGroup WITHDRAWN =
            new HeldGroup(GroupSets.NONE, NameMarks.NONE, NameMarks.NONE, Set.of(), RulesetHash.of(List.of()));

    HeldGroup {
        quic = Set.copyOf(quic);
    }

    /** The marks of its names' connections, of either kind, budgets left out. */
    Set<Integer> nameMarks() {
        Set<Integer> all = new HashSet<>(marks.all());
        all.addAll(tlsMarks.all());
        return all;
    }

    boolean applied() {
        return !sets.isEmpty();
    }

    boolean withdrawn() {
        return equals(WITHDRAWN);
    }
}
