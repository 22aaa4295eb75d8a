package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.policy.box.Boxes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What only rules with budgets allow, in canonical form.
 *
 * @param budgets by rule, sorted by it
 * @param budgeted sorted by which budgets they are, no two of the same
 */
record CompiledBudgets(List<Budget> budgets, List<Budgeted> budgeted) {
    static final CompiledBudgets NONE = new CompiledBudgets(List.of(), List.of());

    /** Of lists of places in budgets. */
    static final Comparator<List<Integer>> ORDER = (one, other) -> {
        for (int index = 0; index < Math.min(one.size(), other.size()); index++) {
            int byBudget = one.get(index).compareTo(other.get(index));
            if (byBudget != 0) {
                return byBudget;
            }
        }
        return Integer.compare(one.size(), other.size());
    };

    CompiledBudgets {
        budgets = List.copyOf(budgets);
        budgeted = List.copyOf(budgeted);
    }

    /** What belongs to some budgets. */
    record Part(List<Allow> egress, BudgetedNames names) {
        Part() {
            this(new ArrayList<>(), new BudgetedNames());
        }

        boolean isEmpty() {
            return egress.isEmpty()
                    && names.plain().isEmpty()
                    && names.tls().isEmpty()
                    && names.http().isEmpty()
                    && names.https().isEmpty();
        }
    }

    static SortedMap<List<Integer>, Part> parts() {
        return new TreeMap<>(ORDER);
    }

    /**
     * The same in canonical form, however it was cut.
     *
     * @throws IllegalArgumentException where a box or a name is malformed
     */
    static List<Budgeted> canonicalOf(Collection<Budgeted> budgeted) {
        SortedMap<List<Integer>, Part> parts = parts();
        for (Budgeted each : budgeted) {
            Part part = parts.computeIfAbsent(each.budgets(), _ -> new Part());
            part.egress.addAll(orEmpty(each.egress()));
            part.names.plain().addAll(orEmpty(each.names()));
            part.names.tls().addAll(orEmpty(each.tlsNames()));
            part.names.http().addAll(orEmpty(each.httpNames()));
            part.names.https().addAll(orEmpty(each.httpsNames()));
        }
        return canonical(parts);
    }

    static List<Budgeted> canonical(SortedMap<List<Integer>, Part> parts) {
        List<Budgeted> canonical = new ArrayList<>();
        parts.forEach((budgets, part) -> {
            if (!part.isEmpty()) {
                canonical.add(new Budgeted(
                        List.copyOf(budgets),
                        Boxes.canonicalOf(part.egress),
                        Names.canonicalOf(part.names.plain()),
                        orNull(Names.canonicalOf(part.names.tls())),
                        orNull(HttpNames.canonicalOf(part.names.http())),
                        orNull(HttpNames.canonicalOf(part.names.https()))));
            }
        });
        return List.copyOf(canonical);
    }

    static <T> List<T> orEmpty(@Nullable List<T> list) {
        return Objects.requireNonNullElse(list, List.of());
    }

    /** What there is none of is not said. */
    private static <T> @Nullable List<T> orNull(List<T> list) {
        return list.isEmpty() ? null : list;
    }
}
