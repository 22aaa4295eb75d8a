package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.assignment.reference.Reference;
import dev.agentcontainers.assignment.reference.References;
import dev.agentcontainers.operator.references.Copies;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the sources of an agent's references again every 50 to 60 seconds and refreshes the copies. A source that has
 * vanished leaves the last copy as it is: the agent has begun with it.
 */
@ApplicationScoped
public class CopyRefresh {
    private static final Duration EVERY = Duration.ofSeconds(50);
    private static final int SPREAD_SECONDS = 10;

    private final Copies copies;
    private final Clock clock;
    private final Map<String, Instant> due = new ConcurrentHashMap<>();

    public CopyRefresh(Copies copies, Clock clock) {
        this.copies = copies;
        this.clock = clock;
    }

    /** The copies are fresh; says when they are due again. */
    Duration done(AgentContainer agent) {
        String uid = agent.getMetadata().getUid();
        Instant now = clock.instant();
        due.values().removeIf(time -> time.plus(EVERY).plus(EVERY).isBefore(now));
        Duration delay = EVERY.plusSeconds(Math.floorMod(uid.hashCode(), SPREAD_SECONDS));
        due.put(uid, now.plus(delay));
        return delay;
    }

    /** Refreshes the copies if they are due; says when to look again, if ever. */
    Optional<Duration> refresh(AgentContainer agent, AgentAssignment assignment) {
        List<Reference> references = References.of(agent);
        if (references.isEmpty()) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        @Nullable Instant next = due.get(agent.getMetadata().getUid());
        if (next != null && next.isAfter(now)) {
            return Optional.of(Duration.between(now, next));
        }
        copies.ensure(assignment, copies.read(references));
        return Optional.of(done(agent));
    }
}
