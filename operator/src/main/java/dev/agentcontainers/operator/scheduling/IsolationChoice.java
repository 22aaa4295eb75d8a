package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The isolation class that an agent gets on a node, or why none will do. */
sealed interface IsolationChoice {
    record Chosen(IsolationOption option, NodeCandidate.Driver driver) implements IsolationChoice {}

    record None(Obstacle reason) implements IsolationChoice {}

    default Optional<Obstacle> obstacle() {
        return switch (this) {
            case Chosen chosen -> Optional.empty();
            case None none -> Optional.of(none.reason());
        };
    }

    /** What the agent takes of a node: its requests, and what the driver that it gets there takes for it. */
    static ResourceVector taken(AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        return switch (choose(agent, node, options)) {
            case Chosen chosen -> agent.requests().plus(chosen.driver().overhead());
            case None _ -> agent.requests();
        };
    }

    /** A class counts on a node with the level that was established there, never with the one it claims. */
    static IsolationChoice choose(AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        return switch (agent.isolation()) {
            case IsolationNeed.OfClass named ->
                options.stream()
                        .filter(option -> option.className().equals(named.name()))
                        .findFirst()
                        .map(option -> check(option, option.level(), agent, node, options))
                        .orElseGet(() -> none("because there is no IsolationClass %s".formatted(named.name())));
            case IsolationNeed.AtLeast minimum -> cheapest(minimum.level(), agent, node, options);
        };
    }

    private static IsolationChoice cheapest(
            IsolationLevel minimum, AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        List<IsolationChoice> checked = options.stream()
                .filter(option -> option.level().compareTo(minimum) >= 0)
                // What is told of the first should concern a class that would run the agent at all.
                .sorted(Comparator.comparing((IsolationOption option) -> !runs(option, agent, node))
                        .thenComparing(IsolationOption::level)
                        .thenComparing(IsolationOption::className))
                .map(option -> check(option, minimum, agent, node, options))
                .toList();
        return checked.stream()
                .filter(Chosen.class::isInstance)
                .findFirst()
                .or(() -> checked.stream().findFirst())
                .orElseGet(() -> none("because no IsolationClass reaches level %s".formatted(minimum)));
    }

    private static IsolationChoice check(
            IsolationOption option,
            IsolationLevel needed,
            AgentRequest agent,
            NodeCandidate node,
            List<IsolationOption> options) {
        NodeCandidate.Driver driver = node.drivers().get(option.driver());
        if (driver == null) {
            return none("without a ready driver %s".formatted(option.driver()));
        }
        if (!driver.runs(agent.fromImage())) {
            return new None(unsuitable(option, agent, node, options));
        }
        if (driver.strength().compareTo(needed) < 0) {
            return new None(new Obstacle(
                    "where isolation is weaker than %s".formatted(needed),
                    "driver %s counts as %s".formatted(option.driver(), driver.strength())));
        }
        for (String feature : agent.features()) {
            if (!driver.features().contains(feature)) {
                return none("whose driver %s %s".formatted(option.driver(), lackOf(feature)));
            }
        }
        return new Chosen(option, driver);
    }

    private static boolean runs(IsolationOption option, AgentRequest agent, NodeCandidate node) {
        NodeCandidate.Driver driver = node.drivers().get(option.driver());
        return driver != null && driver.runs(agent.fromImage());
    }

    /** The class has a driver here, but one for agents of the other kind. */
    private static Obstacle unsuitable(
            IsolationOption option, AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        String summary = agent.fromImage()
                ? "where IsolationClass %s runs the nodes' own programs only, but spec.image is set"
                : "where IsolationClass %s runs images only, but spec.image is not set";
        return new Obstacle(summary.formatted(option.className()), remedy(agent, node, options));
    }

    private static String remedy(AgentRequest agent, NodeCandidate node, List<IsolationOption> options) {
        Optional<String> instead = switch (agent.isolation()) {
            case IsolationNeed.OfClass _ ->
                options.stream()
                        .filter(other -> runs(other, agent, node))
                        .min(Comparator.comparing(IsolationOption::level).thenComparing(IsolationOption::className))
                        .map(other -> "use className: " + other.className());
            // Of the classes that are strong enough, one that runs the agent would have been told of.
            case IsolationNeed.AtLeast _ -> Optional.empty();
        };
        return agent.fromImage()
                ? instead.orElse("no class that would do runs images there")
                : "set image" + instead.map(other -> " or " + other).orElse("");
    }

    private static None none(String summary) {
        return new None(Obstacle.of(summary));
    }

    private static String lackOf(String feature) {
        return switch (feature) {
            case DriverFeature.SESSION -> "has no sessions, for spec.session";
            case DriverFeature.DISPLAY -> "has no displays, for spec.session.display";
            case DriverFeature.SUSPENSION -> "cannot leave an agent unstarted, for spec.lifecycle.suspended";
            default -> "cannot limit " + feature;
        };
    }
}
