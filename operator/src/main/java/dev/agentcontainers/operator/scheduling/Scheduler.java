package dev.agentcontainers.operator.scheduling;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Finds the node for an agent: those that pass all filters, then the least allocated. Pure. */
public final class Scheduler {
    private static final int DETAILS_SHOWN = 3;

    private Scheduler() {}

    public static Placement place(AgentRequest agent, FleetSnapshot fleet) {
        List<NodeCandidate> feasible = new ArrayList<>();
        Map<String, Collection<String>> obstacles = new TreeMap<>();
        Map<String, Integer> counts = new TreeMap<>();
        for (NodeCandidate node : fleet.nodes()) {
            Optional<Obstacle> obstacle = firstObstacle(agent, node, fleet);
            if (obstacle.isEmpty()) {
                feasible.add(node);
            } else {
                String summary = obstacle.get().summary();
                counts.merge(summary, 1, Integer::sum);
                Collection<String> details = obstacles.computeIfAbsent(summary, key -> new TreeSet<>());
                if (!obstacle.get().detail().isEmpty()) {
                    details.add(node.name() + ": " + obstacle.get().detail());
                }
            }
        }
        return feasible.stream()
                .max(Comparator.<NodeCandidate>comparingDouble(node -> Score.leastAllocated(agent, node, fleet))
                        .thenComparing(NodeCandidate::name, Comparator.reverseOrder()))
                .<Placement>map(node -> placed(agent, node, fleet))
                .orElseGet(
                        () -> new Placement.Unschedulable(message(fleet.nodes().size(), counts, obstacles)));
    }

    private static Optional<Obstacle> firstObstacle(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return Filters.IN_ORDER.stream()
                .flatMap(filter -> filter.check(agent, node, fleet).stream())
                .findFirst();
    }

    private static Placement placed(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return switch (IsolationChoice.choose(agent, node, fleet.options())) {
            case IsolationChoice.Chosen chosen ->
                new Placement.Placed(node.name(), chosen.option().className(), chosen.strength());
            case IsolationChoice.None none ->
                throw new IllegalStateException("the isolation filter let %s pass: %s".formatted(node.name(), none));
        };
    }

    private static String message(int nodes, Map<String, Integer> counts, Map<String, Collection<String>> details) {
        if (nodes == 0) {
            return "0/0 nodes are available: no AgentNode has joined yet";
        }
        return counts.entrySet().stream()
                .map(entry -> "%d node(s) %s%s"
                        .formatted(
                                entry.getValue(),
                                entry.getKey(),
                                shown(details.getOrDefault(entry.getKey(), List.of()))))
                .collect(Collectors.joining(", ", "0/%d nodes are available: ".formatted(nodes), ""));
    }

    private static String shown(Collection<String> details) {
        if (details.isEmpty()) {
            return "";
        }
        String rest = details.size() > DETAILS_SHOWN ? "; …" : "";
        return details.stream().limit(DETAILS_SHOWN).collect(Collectors.joining("; ", " (", rest + ")"));
    }
}
