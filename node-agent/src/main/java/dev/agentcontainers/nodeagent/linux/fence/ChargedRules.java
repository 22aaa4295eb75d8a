package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has connections by rules with budgets charged before such rules let them pass, and until none of them does any more. What can't be
 * charged stays closed, for the whole group where it is so for one of its agents, and keeps nothing else from being applied, or taken
 * back. Not thread-safe.
 */
final class ChargedRules {
    private static final Logger LOG = LoggerFactory.getLogger(ChargedRules.class);

    private final GroupRules groups;
    private final AgentElements elements;
    private final AgentBudgets budgets;
    private volatile Optional<String> warning = Optional.empty();

    ChargedRules(GroupRules groups, AgentElements elements, AgentBudgets budgets) {
        this.groups = groups;
        this.elements = elements;
        this.budgets = budgets;
    }

    /**
     * Puts {@code rulesets} in the place of all groups, without what can't be charged.
     *
     * @return whether that is all of them
     */
    boolean replace(List<GroupRuleset> rulesets) throws IOException {
        Map<String, GroupBudgets> next = GroupRules.budgetsOf(rulesets);
        if (next.isEmpty() && !budgets.stand()) {
            groups.replace(rulesets, this::boundGroups);
            warning = Optional.empty();
            return true;
        }
        Charge charge = new Charge(next);
        charge.begin();
        groups.replace(
                rulesets.stream()
                        .map(each -> charge.closed.contains(each.name()) ? each.withoutBudgets() : each)
                        .toList(),
                this::boundGroups);
        charge.end();
        Optional<String> now = charge.warning();
        now.filter(text -> !warning.equals(now)).ifPresent(LOG::warn);
        warning = now;
        return now.isEmpty();
    }

    /** What was applied last and can't be charged, if anything. May be called by any thread. */
    Optional<String> warning() {
        return warning;
    }

    private Set<String> boundGroups() throws IOException {
        return Set.copyOf(elements.read().groups().values());
    }

    /** One change of who is charged for what. */
    private final class Charge {
        private final Map<String, GroupBudgets> next;
        /** Groups of which something can't be charged. */
        private final Set<String> closed = new HashSet<>();
        /** Agents' interfaces and their groups. */
        private Map<String, String> bound = Map.of();

        private Optional<IOException> failure = Optional.empty();

        Charge(Map<String, GroupBudgets> next) {
            this.next = next;
        }

        /** Nobody needs to be told of what is in force all the same: the next repair ends what is charged beside. */
        Optional<String> warning() {
            return closed.isEmpty()
                    ? Optional.empty()
                    : failure.map(cause -> "what the policy groups " + String.join(", ", new TreeSet<>(closed))
                            + " allow within budgets stays closed, because it can't be charged: "
                            + cause.getMessage());
        }

        /** Charges what is about to pass, beside what passes still. */
        void begin() {
            try {
                if (!next.isEmpty()) {
                    budgets.ensure();
                }
                bound = elements.read().groups();
            } catch (IOException e) {
                failure = Optional.of(e);
                closed.addAll(next.keySet());
                return;
            }
            bound.forEach((name, group) -> {
                GroupBudgets its = next.getOrDefault(group, GroupBudgets.NONE);
                try {
                    budgets.bindBeside(name, its);
                } catch (IOException e) {
                    failure = failure.or(() -> Optional.of(e));
                    if (!its.isEmpty() && !budgets.isBound(name, its)) {
                        closed.add(group);
                    }
                }
            });
        }

        /** Charges nothing else any more; what is left passes by no rule. */
        void end() {
            bound.forEach((name, group) -> {
                try {
                    budgets.bind(
                            name,
                            closed.contains(group) ? GroupBudgets.NONE : next.getOrDefault(group, GroupBudgets.NONE));
                } catch (IOException e) {
                    failure = failure.or(() -> Optional.of(e));
                }
            });
        }
    }
}
