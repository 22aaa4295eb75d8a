package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.egress.PolicyKeeper;
import dev.agentcontainers.nodeagent.fence.Fence;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.journal.Journal;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import java.time.Clock;
import java.util.Map;

/**
 * What a supervisor works with.
 *
 * @param drivers by name
 * @param allocatable what agents may use of this machine together
 * @param mostAgents how many agents there may be at a time
 * @param bootId names the machine's boot
 */
public record NodeParts(
        Map<String, IsolationDriver> drivers,
        Fence fence,
        PolicyKeeper policy,
        MaterialSource materials,
        AgentImages images,
        Journal journal,
        AgentReporter reporter,
        ResourceAmounts allocatable,
        long mostAgents,
        String bootId,
        Clock clock) {
    public NodeParts {
        drivers = Map.copyOf(drivers);
    }

    /** What an agent of that driver takes of this machine that asks for that much. */
    ResourceAmounts taken(Assignment.Driver driver, ResourceAmounts requests) {
        IsolationDriver used = drivers.get(driver.name());
        return used == null ? requests : requests.plus(used.overhead());
    }

    /** What the agent takes of this machine. */
    ResourceAmounts taken(Assignment assignment) {
        return taken(assignment.driver(), assignment.requests());
    }
}
