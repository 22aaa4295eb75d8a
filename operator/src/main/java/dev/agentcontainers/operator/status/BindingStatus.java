package dev.agentcontainers.operator.status;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.IsolationStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.operator.fleet.NodePolicy;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The statuses that placement writes. Pure. */
public final class BindingStatus {
    /** The reason of {@link ConditionType#Scheduled} while an agent waits for a node. */
    public static final String UNSCHEDULABLE = "Unschedulable";

    private BindingStatus() {}

    /** Bound: the first status of an agent that finds a node at once. */
    public static AgentContainerStatus bound(
            AgentContainer agent,
            String policyGroup,
            String nodeName,
            String requested,
            String className,
            Instant now) {
        String time = Times.micro(now);
        AgentContainerStatus start = new AgentContainerStatus(
                AgentPhase.Scheduled,
                agent.getStatus() == null ? null : agent.getStatus().conditions(),
                agent.getMetadata().getGeneration(),
                nodeName,
                new IsolationStatus(requested, className, null),
                null,
                null,
                null,
                null,
                new Transitions(accepted(agent).orElse(time), time, null, null, null, null),
                null,
                null);
        AgentContainer bound = StatusWriter.with(agent, start);
        Observation nothingYet = new Observation(
                bound, policyGroup, Optional.empty(), NodePolicy.of(List.of()), NodeState.ALIVE, Optional.empty());
        return StatusRollup.rollUp(nothingYet, now);
    }

    /** Without a node, and why. */
    public static AgentContainerStatus unbound(AgentContainer agent, String reason, String message, Instant now) {
        List<Condition> conditions = new Conditions(
                        agent.getStatus() == null ? null : agent.getStatus().conditions(),
                        agent.getMetadata().getGeneration(),
                        now)
                .add(ConditionType.Scheduled.name(), Truth.False, reason, message)
                .add(ConditionType.PolicyEnforced.name(), Truth.False, "NotStarted", "Nothing of the agent runs")
                .add(ConditionType.Available.name(), Truth.False, "NotRunning", "The agent waits for a node")
                .add(ConditionType.Ready.name(), Truth.False, reason, message)
                .add(ConditionType.Reconciling.name(), Truth.True, reason, message)
                .build();
        return new AgentContainerStatus(
                AgentPhase.Pending,
                conditions,
                agent.getMetadata().getGeneration(),
                null,
                null,
                null,
                null,
                null,
                null,
                new Transitions(accepted(agent).orElse(Times.micro(now)), null, null, null, null, null),
                null,
                null);
    }

    /** Whether the agent was refused by its node and has to leave it. */
    public static boolean isRefused(AgentContainer agent) {
        return agent.getStatus() != null
                && agent.getStatus().nodeName() != null
                && Conditions.find(agent.getStatus().conditions(), ConditionType.Scheduled.name())
                        .filter(scheduled -> Truth.False.name().equals(scheduled.getStatus()))
                        .isPresent();
    }

    /** The message of why the agent has no node, if that is what its status says. */
    public static Optional<String> unschedulableMessage(AgentContainer agent) {
        return Optional.ofNullable(agent.getStatus())
                .flatMap(status -> Conditions.find(status.conditions(), ConditionType.Scheduled.name()))
                .filter(scheduled -> UNSCHEDULABLE.equals(scheduled.getReason()))
                .map(Condition::getMessage);
    }

    private static Optional<String> accepted(AgentContainer agent) {
        @Nullable AgentContainerStatus status = agent.getStatus();
        return Optional.ofNullable(status)
                .map(AgentContainerStatus::transitions)
                .map(Transitions::accepted);
    }
}
