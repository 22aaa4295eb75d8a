package dev.agentcontainers.nodeagent.supervisor;

import java.time.Instant;
import java.util.Optional;

/** What comes after a pass of an agent's loop. */
sealed interface Next {
    /** Another pass at once. */
    record Again() implements Next {}

    /** Another pass when something changes, or at that time. */
    record Wait(Optional<Instant> until) implements Next {}

    /** Something failed that is not a step of a start: it is said, and tried again soon. */
    record Retry(Exception failure, Optional<Instant> butNotLater) implements Next {}

    /** Nothing of the agent is left. */
    record Done() implements Next {}

    static Optional<Instant> earlier(Optional<Instant> one, Optional<Instant> other) {
        return one.isPresent() && other.isPresent()
                ? one.filter(other.get()::isAfter).or(() -> other)
                : one.or(() -> other);
    }
}
