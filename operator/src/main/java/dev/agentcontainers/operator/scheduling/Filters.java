package dev.agentcontainers.operator.scheduling;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The conditions that a node must meet, in the order in which they are told to the user. */
final class Filters {
    static final List<Filter> IN_ORDER = List.of(
            Filters::alive,
            Filters::schedulable,
            Filters::operatingSystem,
            Filters::architecture,
            Filters::nodeSelector,
            Filters::taints,
            Filters::notAvoided,
            Filters::isolation,
            Filters::capacity);

    private static final Set<String> BLOCKING_EFFECTS = Set.of("NoSchedule", "NoExecute");
    private static final long GIBIBYTE = 1L << 30;
    private static final long MEBIBYTE = 1L << 20;

    private Filters() {}

    static Optional<Obstacle> alive(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return unless(node.alive(), "not ready");
    }

    static Optional<Obstacle> schedulable(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return unless(node.schedulable(), "unschedulable");
    }

    static Optional<Obstacle> operatingSystem(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return unless(
                node.os().filter(agent.os()::equals).isPresent(), "without operating system %s".formatted(agent.os()));
    }

    static Optional<Obstacle> architecture(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return agent.arch()
                .flatMap(wanted -> unless(
                        node.arch().filter(wanted::equals).isPresent(), "without architecture %s".formatted(wanted)));
    }

    static Optional<Obstacle> nodeSelector(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return agent.nodeSelector().entrySet().stream()
                .filter(wanted -> !wanted.getValue().equals(node.labels().get(wanted.getKey())))
                .sorted(Map.Entry.comparingByKey())
                .findFirst()
                .map(missing -> Obstacle.of("without label %s=%s".formatted(missing.getKey(), missing.getValue())));
    }

    static Optional<Obstacle> taints(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return node.taints().stream()
                .filter(taint -> BLOCKING_EFFECTS.contains(taint.getEffect()))
                .filter(taint -> agent.tolerations().stream().noneMatch(toleration -> tolerates(toleration, taint)))
                .findFirst()
                .map(taint -> Obstacle.of("with untolerated taint {%s}".formatted(text(taint))));
    }

    static Optional<Obstacle> notAvoided(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return unless(!agent.avoided().contains(node.name()), "that refused this agent a moment ago");
    }

    static Optional<Obstacle> isolation(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        return IsolationChoice.choose(agent, node, fleet.options()).obstacle();
    }

    static Optional<Obstacle> capacity(AgentRequest agent, NodeCandidate node, FleetSnapshot fleet) {
        ResourceVector requested = agent.requests();
        ResourceVector wanted = IsolationChoice.taken(agent, node, fleet.options());
        ResourceVector free = fleet.free(node);
        if (wanted.cpuMillis() > free.cpuMillis()) {
            return insufficient("cpu", cpu(wanted.cpuMillis()), cpu(free.cpuMillis()));
        }
        if (wanted.memory() > free.memory()) {
            long overhead = wanted.memory() - requested.memory();
            String asked = bytes(requested.memory())
                    + (overhead == 0 ? "" : " and %s for its isolation".formatted(bytes(overhead)));
            return insufficient("memory", asked, bytes(free.memory()));
        }
        if (wanted.ephemeralStorage() > free.ephemeralStorage()) {
            return insufficient("ephemeral-storage", bytes(wanted.ephemeralStorage()), bytes(free.ephemeralStorage()));
        }
        return wanted.agents() > free.agents() ? Optional.of(Obstacle.of("with too many agents")) : Optional.empty();
    }

    /** The rule of Pods: an empty key tolerates every key, an empty effect every effect. */
    static boolean tolerates(Toleration toleration, Taint taint) {
        String effect = Objects.requireNonNullElse(toleration.getEffect(), "");
        if (!effect.isEmpty() && !effect.equals(taint.getEffect())) {
            return false;
        }
        String key = Objects.requireNonNullElse(toleration.getKey(), "");
        if (!key.isEmpty() && !key.equals(taint.getKey())) {
            return false;
        }
        return switch (Objects.requireNonNullElse(toleration.getOperator(), "Equal")) {
            case "Exists" -> true;
            default ->
                !key.isEmpty()
                        && Objects.requireNonNullElse(toleration.getValue(), "")
                                .equals(Objects.requireNonNullElse(taint.getValue(), ""));
        };
    }

    private static Optional<Obstacle> unless(boolean met, String summary) {
        return met ? Optional.empty() : Optional.of(Obstacle.of(summary));
    }

    private static Optional<Obstacle> insufficient(String resource, String wanted, String free) {
        return Optional.of(new Obstacle(
                "with insufficient %s".formatted(resource), "requests %s, free %s".formatted(wanted, free)));
    }

    private static String text(Taint taint) {
        String value = Objects.requireNonNullElse(taint.getValue(), "");
        return taint.getKey() + (value.isEmpty() ? "" : "=" + value) + ":" + taint.getEffect();
    }

    private static String cpu(long millis) {
        return Quantity.fromNumericalAmount(BigDecimal.valueOf(millis, 3), millis % 1000 == 0 ? null : "m")
                .toString();
    }

    private static String bytes(long amount) {
        if (amount % GIBIBYTE == 0) {
            return amount / GIBIBYTE + (amount == 0 ? "" : "Gi");
        }
        return amount % MEBIBYTE == 0 ? amount / MEBIBYTE + "Mi" : Long.toString(amount);
    }
}
