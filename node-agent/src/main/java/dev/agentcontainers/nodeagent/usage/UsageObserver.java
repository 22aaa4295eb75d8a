package dev.agentcontainers.nodeagent.usage;

import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.util.List;

/** Who wants to know what agents use. Called by one thread at a time; must return at once. */
public interface UsageObserver {
    /** What the agent uses now. */
    void uses(SandboxId id, Assignment.Agent agent, SandboxStats stats);

    /** The agent does not run, or is not here any more. */
    void usesNothing(SandboxId id);

    /** Tells each of them. */
    static UsageObserver all(UsageObserver... observers) {
        List<UsageObserver> each = List.of(observers);
        return new UsageObserver() {
            @Override
            public void uses(SandboxId id, Assignment.Agent agent, SandboxStats stats) {
                each.forEach(observer -> observer.uses(id, agent, stats));
            }

            @Override
            public void usesNothing(SandboxId id) {
                each.forEach(observer -> observer.usesNothing(id));
            }
        };
    }
}
