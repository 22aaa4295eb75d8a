package dev.agentcontainers.egressproxy.resolved;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * A number for each port of a group's rules, which is another as soon as one of the rules at the port is taken back: what passed by
 * the former ones is known by it, and no more about what each connection rests on.
 */
final class PortGenerations {
    private PortGenerations() {}

    /**
     * The numbers for other rules.
     *
     * @param former rules, and their numbers
     * @param port of a rule
     * @param fresh a number that was never used
     */
    static <R> Map<Integer, Long> next(
            Set<R> former, Map<Integer, Long> numbers, Set<R> rules, ToIntFunction<R> port, long fresh) {
        Map<Integer, Long> next = new HashMap<>();
        rules.forEach(rule -> {
            int its = port.applyAsInt(rule);
            next.put(its, numbers.getOrDefault(its, fresh));
        });
        Set<R> lost = new HashSet<>(former);
        lost.removeAll(rules);
        lost.forEach(rule -> next.computeIfPresent(port.applyAsInt(rule), (_, _) -> fresh));
        return next;
    }
}
