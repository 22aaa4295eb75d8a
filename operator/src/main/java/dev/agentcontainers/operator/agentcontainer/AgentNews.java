package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.status.ConditionType;
import dev.agentcontainers.operator.status.Conditions;
import dev.agentcontainers.operator.status.Hold;
import dev.agentcontainers.operator.status.StatusRollup;
import io.fabric8.kubernetes.api.model.Condition;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells people what has become of an agent. */
@ApplicationScoped
public class AgentNews {
    private static final List<EventReason> PROBES =
            List.of(EventReason.StartupProbeFailed, EventReason.ReadinessProbeFailed, EventReason.LivenessProbeFailed);

    private final EventPublisher events;

    public AgentNews(EventPublisher events) {
        this.events = events;
    }

    void referenceMissing(AgentContainer agent, String message) {
        events.publish(agent, EventReason.ReferenceNotFound, message);
    }

    void assignmentRefused(AgentContainer agent, String message) {
        events.publish(agent, EventReason.AssignmentRefused, message);
    }

    void policyRefused(AgentContainer agent, String message) {
        events.publish(agent, EventReason.PolicyProblem, message);
    }

    void nodeRemoved(AgentContainer agent, String message) {
        events.publish(agent, EventReason.NodeRemoved, message);
    }

    /** A new status has been written. */
    void reported(AgentContainer before, AgentContainerStatus status) {
        tell(before, status, ConditionType.Ready, StatusRollup.UPDATE_REFUSED, EventReason.UpdateRefused);
        tell(
                before,
                status,
                ConditionType.PolicyEnforced,
                StatusRollup.ENFORCED_WITH_PROBLEMS,
                EventReason.PolicyProblem);
        tell(before, status, ConditionType.PolicyEnforced, Hold.POLICY_REFUSED, EventReason.PolicyProblem);
        PROBES.forEach(probe -> tell(before, status, probe));
        if (before.getStatus() != null && before.getStatus().phase() == status.phase()) {
            return;
        }
        switch (status.phase()) {
            case Running -> events.publish(before, EventReason.Started, "The agent runs behind its policy");
            case Suspended ->
                events.publish(before, EventReason.Suspended, "Nothing of the agent runs until it is resumed");
            case Succeeded -> events.publish(before, EventReason.Finished, "The agent finished with exit code 0");
            case Failed -> events.publish(before, EventReason.AgentFailed, why(status));
            case Pending, Scheduled, Preparing, Terminating -> {
                // Nothing that the status doesn't say better.
            }
        }
    }

    /** Of a probe that stops the agent it is told once, as it is being stopped or afterwards. */
    private void tell(AgentContainer before, AgentContainerStatus status, EventReason probe) {
        boolean toldBefore = Optional.ofNullable(before.getStatus())
                .flatMap(said -> Conditions.find(said.conditions(), ConditionType.Ready.name()))
                .filter(ready -> probe.name().equals(ready.getReason()))
                .isPresent();
        if (!toldBefore) {
            tell(before, status, ConditionType.Ready, probe.name(), probe);
        }
    }

    /** Publishes what a condition says with that reason, unless it said the same before. */
    private void tell(
            AgentContainer before, AgentContainerStatus status, ConditionType type, String reason, EventReason event) {
        Optional<String> said = message(before.getStatus(), type, reason);
        message(status, type, reason)
                .filter(message -> !said.equals(Optional.of(message)))
                .ifPresent(message -> events.publish(before, event, message));
    }

    private static Optional<String> message(@Nullable AgentContainerStatus status, ConditionType type, String reason) {
        return Optional.ofNullable(status)
                .flatMap(present -> Conditions.find(present.conditions(), type.name()))
                .filter(condition -> reason.equals(condition.getReason()))
                .map(Condition::getMessage);
    }

    private static String why(AgentContainerStatus status) {
        return Conditions.find(status.conditions(), ConditionType.Ready.name())
                .map(Condition::getMessage)
                .orElse("The agent failed");
    }
}
