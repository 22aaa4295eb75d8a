package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What rested on rules that were taken back: openings by their names, and connections that they let pass. The rules themselves have
 * ended already all that agents send by them: connections that nobody uses just now, and what comes from the other side, end here. What
 * fails is done with the next call. Not thread-safe.
 */
final class TakenBack {
    private final Place fence;
    private final GroupRules groups;
    private final AgentElements elements;
    private final ResolvedAddresses resolved;
    /** A packet that was let pass while boxes were taken back may come to be known after all others were forgotten. */
    private boolean unboxedLately;
    /** Connections of boxes that were taken back may be left, by this process or an earlier one. */
    private boolean unboxedRemain = true;
    /** Something of names that were taken back may be left, by this process or an earlier one. */
    private boolean revokedRemains = true;

    TakenBack(Place fence, GroupRules groups, AgentElements elements, ResolvedAddresses resolved) {
        this.fence = fence;
        this.groups = groups;
        this.elements = elements;
        this.resolved = resolved;
    }

    /** A change of the groups' rules. */
    interface Change<T> {
        T make() throws IOException;
    }

    /**
     * Makes a change, and ends what rested on what it took back.
     *
     * @param isLost whether boxes may have gone by it, though what is applied is the same as before
     */
    <T> T by(Change<T> change, Predicate<T> isLost) throws IOException {
        Set<Integer> marks = marks();
        Optional<List<GroupRuleset>> before = groups.applied();
        boolean remained = revokedRemains;
        boolean unboxed = unboxedRemain;
        // Where it comes half the way, what there was is not known any more.
        revokedRemains = true;
        unboxedRemain = true;
        T made = change.make();
        revokedRemains = remained || !marks().containsAll(marks);
        unboxedRemain = unboxed || isLost.test(made) || lost(before, groups.applied());
        endRevoked();
        endUnboxed();
        return made;
    }

    private static boolean lost(Optional<List<GroupRuleset>> before, Optional<List<GroupRuleset>> after) {
        return before.isEmpty() || after.isEmpty() || BoxedConnections.lost(before.get(), after.get());
    }

    /** Marks of names that some group has, and those of rules with budgets. */
    private Set<Integer> marks() throws IOException {
        Set<Integer> marks = new HashSet<>(groups.nameMarks());
        marks.addAll(groups.budgetMarks());
        return marks;
    }

    private void endRevoked() throws IOException {
        if (revokedRemains) {
            Set<Integer> now = marks();
            resolved.closeOtherwise(now);
            // Those with budgets pass no more either way where no group has their mark.
            TrackedConnections.forgetMarked(
                    fence.filter(), mark -> ConnectionMark.isOfName(mark) && !now.contains(mark));
            revokedRemains = false;
        }
    }

    private void endUnboxed() throws IOException {
        if (unboxedRemain && groups.applied().isPresent()) {
            forgetUnboxed(groups.applied().get());
            unboxedRemain = false;
            unboxedLately = true;
        }
    }

    private void forgetUnboxed(List<GroupRuleset> rulesets) throws IOException {
        TrackedConnections.forgetBegun(
                fence.filter(), new BoxedConnections(elements.read().groupsByAddress(), rulesets)::lack);
    }

    /** Whether there is something that {@link #endLately} has to end. */
    boolean isLately() {
        return unboxedLately || unboxedRemain;
    }

    /**
     * Ends connections that came to be known after all others were forgotten, and what could not be ended then.
     *
     * @param rebound whether an agent was bound to another group since
     */
    void endLately(boolean rebound) throws IOException {
        if ((unboxedLately || rebound) && groups.applied().isPresent()) {
            forgetUnboxed(groups.applied().get());
            unboxedLately = false;
        }
        endUnboxed();
    }
}
