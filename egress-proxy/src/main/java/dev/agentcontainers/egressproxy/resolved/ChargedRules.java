package dev.agentcontainers.egressproxy.resolved;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which of the rules that allow the same are charged. */
public final class ChargedRules {
    /** As in the kernel. */
    private static final int MOST = 4;

    private ChargedRules() {}

    /**
     * The first few, in their order; none where one of the rules has no budget.
     *
     * @param budgets of each rule that allows it, the rule whose budget is charged; null where it has none
     */
    public static List<String> of(Stream<@Nullable String> budgets) {
        List<String> charged = new ArrayList<>();
        for (@Nullable String each : (Iterable<@Nullable String>) budgets::iterator) {
            if (each == null) {
                return List.of();
            }
            if (!charged.contains(each)) {
                charged.add(each);
            }
        }
        return charged.stream().limit(MOST).toList();
    }
}
