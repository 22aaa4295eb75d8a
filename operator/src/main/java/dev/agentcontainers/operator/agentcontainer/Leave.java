package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.operator.assignment.Assignments;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.operator.policygroup.NodePolicies;
import dev.agentcontainers.operator.scheduling.Binder;
import dev.agentcontainers.operator.status.BindingStatus;
import dev.agentcontainers.operator.status.ConditionType;
import dev.agentcontainers.operator.status.Conditions;
import dev.agentcontainers.operator.status.NodeState;
import dev.agentcontainers.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.Condition;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Takes an agent away from a node that has refused it. The node learns the leader's epoch first, so that it refuses whatever
 * an older leader still sends it; then the assignment goes; only then is the binding undone.
 */
@ApplicationScoped
public class Leave {
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(2);

    private final NodePolicies nodePolicies;
    private final NodeStates nodeStates;
    private final Signals signals;
    private final Assignments assignments;
    private final StatusWriter statusWriter;
    private final Binder binder;
    private final EventPublisher events;
    private final Clock clock;

    public Leave(
            NodePolicies nodePolicies,
            NodeStates nodeStates,
            Signals signals,
            Assignments assignments,
            StatusWriter statusWriter,
            Binder binder,
            EventPublisher events,
            Clock clock) {
        this.nodePolicies = nodePolicies;
        this.nodeStates = nodeStates;
        this.signals = signals;
        this.assignments = assignments;
        this.statusWriter = statusWriter;
        this.binder = binder;
        this.events = events;
        this.clock = clock;
    }

    /** Does the next step; says when to look again. */
    Optional<Duration> leave(AgentContainer agent, String nodeName) {
        boolean removed = nodeStates.of(nodeName) == NodeState.REMOVED;
        if (!removed && !nodePolicies.knowsEpoch(nodeName)) {
            signals.nodeChanged(nodeName);
            return Optional.of(LOOK_AGAIN);
        }
        List<AgentAssignment> left = assignments.of(agent);
        if (!left.isEmpty()) {
            left.forEach(assignment -> assignments.retire(assignment, removed));
            return Optional.of(LOOK_AGAIN);
        }
        Optional<Condition> why = Conditions.find(agent.getStatus().conditions(), ConditionType.Scheduled.name());
        String message = "Node %s refused the agent: %s"
                .formatted(nodeName, why.map(Condition::getMessage).orElse("no reason given"));
        binder.avoid(agent, nodeName);
        statusWriter.write(
                agent,
                BindingStatus.unbound(
                        agent, why.map(Condition::getReason).orElse("Refused"), message, clock.instant()));
        events.publish(agent, EventReason.Refused, message);
        return Optional.empty();
    }
}
