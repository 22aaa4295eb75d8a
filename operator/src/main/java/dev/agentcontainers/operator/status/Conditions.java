package dev.agentcontainers.operator.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Builds a list of conditions that keeps the transition times of the one before. */
public final class Conditions {
    private static final int MESSAGE_LIMIT = 32_768;

    private final List<Condition> previous;
    private final long generation;
    private final String now;
    private final List<Condition> result = new ArrayList<>();

    public Conditions(@Nullable List<Condition> previous, @Nullable Long generation, Instant now) {
        this.previous = previous == null ? List.of() : previous;
        this.generation = generation == null ? 0 : generation;
        this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    public Conditions add(String type, Truth truth, String reason, String message) {
        String since = find(previous, type)
                .filter(before -> truth.name().equals(before.getStatus()))
                .map(Condition::getLastTransitionTime)
                .orElse(now);
        result.add(new ConditionBuilder()
                .withType(type)
                .withStatus(truth.name())
                .withReason(reason)
                .withMessage(message.length() > MESSAGE_LIMIT ? message.substring(0, MESSAGE_LIMIT) : message)
                .withObservedGeneration(generation)
                .withLastTransitionTime(since)
                .build());
        return this;
    }

    /** Adds the condition as it was before, if it was there. */
    public Conditions keep(String type) {
        find(previous, type).ifPresent(result::add);
        return this;
    }

    public List<Condition> build() {
        return List.copyOf(result);
    }

    public static Optional<Condition> find(@Nullable List<Condition> conditions, String type) {
        return conditions == null
                ? Optional.empty()
                : conditions.stream()
                        .filter(each -> type.equals(each.getType()))
                        .findFirst();
    }

    /** Whether both say the same, whenever that began. */
    public static boolean same(@Nullable List<Condition> first, @Nullable List<Condition> second) {
        return withoutTimes(first).equals(withoutTimes(second));
    }

    private static List<Condition> withoutTimes(@Nullable List<Condition> conditions) {
        return Objects.requireNonNullElse(conditions, List.<Condition>of()).stream()
                .map(each -> each.edit().withLastTransitionTime(null).build())
                .toList();
    }
}
