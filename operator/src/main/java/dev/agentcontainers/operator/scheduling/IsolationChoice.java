package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The isolation class that an agent gets on a node, or why none will do. */
sealed interface IsolationChoice {
    record Chosen(IsolationOption option, IsolationLevel strength) implements IsolationChoice {}

    record None(Obstacle reason) implements IsolationChoice {}

    default Optional<Obstacle> obstacle() {
        return switch (this) {
            case Chosen chosen -> Optional.empty();
            case None none -> Optional.of(none.reason());
        };
    }

    /** A class counts on a node with the level that was established there, never with the one it claims. */
    static IsolationChoice choose(AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        return switch (agent.isolation()) {
            case IsolationNeed.OfClass named ->
                options.stream()
                        .filter(option -> option.className().equals(named.name()))
                        .findFirst()
                        .map(option -> check(option, option.level(), agent, node))
                        .orElseGet(() -> none("because there is no IsolationClass %s".formatted(named.name())));
            case IsolationNeed.AtLeast minimum -> cheapest(minimum.level(), agent, node, options);
        };
    }

    private static IsolationChoice cheapest(
            IsolationLevel minimum, AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        List<IsolationChoice> checked = options.stream()
                .filter(option -> option.level().compareTo(minimum) >= 0)
                .sorted(Comparator.comparing(IsolationOption::level).thenComparing(IsolationOption::className))
                .map(option -> check(option, minimum, agent, node))
                .toList();
        return checked.stream()
                .filter(Chosen.class::isInstance)
                .findFirst()
                .or(() -> checked.stream().findFirst())
                .orElseGet(() -> none("because no IsolationClass reaches level %s".formatted(minimum)));
    }

    private static IsolationChoice check(
            IsolationOption option, IsolationLevel needed, AgentRequest agent, NodeCandidate node) {
        NodeCandidate.Driver driver = node.drivers().get(option.driver());
        if (driver == null) {
            return none("without a ready driver %s".formatted(option.driver()));
        }
        if (driver.strength().compareTo(needed) < 0) {
            return new None(new Obstacle(
                    "where isolation is weaker than %s".formatted(needed),
                    "driver %s counts as %s".formatted(option.driver(), driver.strength())));
        }
        if (agent.limitsDisk() && !driver.features().contains("ephemeral-storage")) {
            return none("whose driver %s cannot limit ephemeral-storage".formatted(option.driver()));
        }
        return new Chosen(option, driver.strength());
    }

    private static None none(String summary) {
        return new None(Obstacle.of(summary));
    }
}
