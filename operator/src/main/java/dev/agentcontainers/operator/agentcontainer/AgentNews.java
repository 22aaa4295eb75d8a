package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.operator.events.EventPublisher;
import dev.agentcontainers.operator.events.EventReason;
import dev.agentcontainers.operator.status.ConditionType;
import dev.agentcontainers.operator.status.Conditions;
import io.fabric8.kubernetes.api.model.Condition;
import jakarta.enterprise.context.ApplicationScoped;

/** Tells people what has become of an agent. */
@ApplicationScoped
public class AgentNews {
    private final EventPublisher events;

    public AgentNews(EventPublisher events) {
        this.events = events;
    }

    void referenceMissing(AgentContainer agent, String message) {
        events.publish(agent, EventReason.ReferenceNotFound, message);
    }

    /** A new status has been written. */
    void reported(AgentContainer before, AgentContainerStatus status) {
        if (before.getStatus() != null && before.getStatus().phase() == status.phase()) {
            return;
        }
        switch (status.phase()) {
            case Running -> events.publish(before, EventReason.Started, "The agent runs behind its policy");
            case Succeeded -> events.publish(before, EventReason.Finished, "The agent finished with exit code 0");
            case Failed -> events.publish(before, EventReason.AgentFailed, why(status));
            case Pending, Scheduled, Preparing, Terminating -> {
                // Nothing that the status doesn't say better.
            }
        }
    }

    private static String why(AgentContainerStatus status) {
        return Conditions.find(status.conditions(), ConditionType.Ready.name())
                .map(Condition::getMessage)
                .orElse("The agent failed");
    }
}
