package dev.agentcontainers.operator.scheduling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds the node for an agent: those that pass all filters, of these the ones without a taint that
 * asks to be left alone, then the least allocated. Pure. */
public final class Scheduler {
    private Scheduler() {}

    public static Placement place(AgentRequest agent, FleetSnapshot fleet) {
        List<NodeCandidate> feasible = new ArrayList<>();
        Obstacles obstacles = new Obstacles();
        for (NodeCandidate node : fleet.nodes()) {
            firstObstacle(agent, node, fleet)
                    .ifPresentOrElse(obstacle -> obstacles.add(node.name(), obstacle), () -> feasible.add(node));
        }
        return feasible.stream()
                .max(Comparator.<NodeCandidate>comparingInt(node -> -Score.unwelcome(agent, node))
                        .thenComparingDouble(node -> Score.leastAllocated(agent, node, fleet))
                        .thenComparing(NodeCandidate::name, Comparator.reverseOrder()))
                .<Placement>map(node -> placed(agent, node, fleet))
                .orElseGet(() -> new Placement.Unschedulable(
                        obstacles.message(fleet.nodes().size())));
    }

    private static Optional<Obstacle> firstObstacle(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return Filters.IN_ORDER.stream()
                .flatMap(filter -> filter.check(agent, node, fleet).stream())
                .findFirst();
    }

    private static Placement placed(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return switch (IsolationChoice.choose(agent, node, fleet.options())) {
            case IsolationChoice.Chosen chosen ->
                new Placement.Placed(
                        node.name(),
                        chosen.option().className(),
                        chosen.driver().strength(),
                        IsolationChoice.taken(agent, node, fleet.options()));
            case IsolationChoice.None none ->
                throw new IllegalStateException("the isolation filter let %s pass: %s".formatted(node.name(), none));
        };
    }
}
