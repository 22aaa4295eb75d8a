package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.Isolation;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;

/** How strongly an agent must be isolated. */
public sealed interface IsolationNeed {
    /** By the class of that name. */
    record OfClass(String name) implements IsolationNeed {}

    /** By the cheapest class that reaches that level. */
    record AtLeast(IsolationLevel level) implements IsolationNeed {}

    static IsolationNeed of(Isolation isolation) {
        return isolation.className() != null ? new OfClass(isolation.className()) : new AtLeast(isolation.minimum());
    }

    /** As the user wrote it. */
    default String requested() {
        return switch (this) {
            case OfClass named -> named.name();
            case AtLeast minimum -> minimum.level().name();
        };
    }
}
