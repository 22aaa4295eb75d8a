package dev.agentcontainers.cli.suspension;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.fleet.Pause;
import dev.agentcontainers.cli.record.AgentName;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Asks one agent to rest, or to run, and waits until it does. */
record Suspension(KubernetesClient client, AgentName agent) {
    /** @throws UserException where there is no such agent, or it is over */
    void ask(boolean suspended) {
        AgentContainer there = found(resource().get());
        if (isOver(there)) {
            throw over(there);
        }
        try {
            resource()
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            // Null rather than false, as in a manifest that never said anything.
                            "{\"spec\":{\"lifecycle\":{\"suspended\":%s}}}".formatted(suspended ? "true" : "null"));
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                throw missing();
            }
            throw e;
        }
    }

    /**
     * Until the agent is so.
     *
     * @return what is so by then, for people
     * @throws UserException where it is over, or is not so by that time
     */
    String await(boolean suspended, Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            AgentContainer now = found(resource().get());
            if (isOver(now)) {
                if (suspended) {
                    throw over(now);
                }
                return "resumed, and is " + phase(now) + " by now";
            }
            if (isObserved(now) && suspended && phase(now) == AgentPhase.Suspended) {
                return "suspended";
            }
            if (isObserved(now) && suspended && phase(now) == AgentPhase.Pending) {
                return "suspended before it was on a node";
            }
            if (isObserved(now) && !suspended && phase(now) == AgentPhase.Running) {
                return "resumed";
            }
            if (System.nanoTime() > end) {
                throw new UserException("%s is not %s within %d s: it is %s%s"
                        .formatted(
                                agent,
                                suspended ? "suspended" : "running",
                                patience.toSeconds(),
                                Objects.requireNonNullElse(phase(now), "unknown to its operator"),
                                why(now)));
            }
            Pause.briefly();
        }
    }

    private Resource<AgentContainer> resource() {
        return client.resources(AgentContainer.class)
                .inNamespace(agent.namespace())
                .withName(agent.name());
    }

    private AgentContainer found(@Nullable AgentContainer there) {
        if (there == null) {
            throw missing();
        }
        return there;
    }

    private UserException missing() {
        return new UserException(
                "there is no AgentContainer '%s' in the namespace '%s'".formatted(agent.name(), agent.namespace()));
    }

    private UserException over(AgentContainer there) {
        return new UserException(
                "%s is %s: what is over is neither suspended nor resumed".formatted(agent, phase(there)));
    }

    private static boolean isOver(AgentContainer there) {
        return there.getMetadata().getDeletionTimestamp() != null
                || phase(there) == AgentPhase.Succeeded
                || phase(there) == AgentPhase.Failed;
    }

    /** Whether its status is of what was asked for last. */
    private static boolean isObserved(AgentContainer there) {
        AgentContainerStatus status = there.getStatus();
        if (status == null || !there.getMetadata().getGeneration().equals(status.observedGeneration())) {
            return false;
        }
        Condition ready = ready(status);
        return ready == null || !"GenerationNotApplied".equals(ready.getReason());
    }

    private static String why(AgentContainer there) {
        Condition ready = there.getStatus() == null ? null : ready(there.getStatus());
        return ready == null || ready.getMessage() == null ? "" : " (" + ready.getMessage() + ")";
    }

    private static @Nullable Condition ready(AgentContainerStatus status) {
        return status.conditions() == null
                ? null
                : status.conditions().stream()
                        .filter(condition -> "Ready".equals(condition.getType()))
                        .findFirst()
                        .orElse(null);
    }

    private static @Nullable AgentPhase phase(AgentContainer there) {
        return there.getStatus() == null ? null : there.getStatus().phase();
    }
}
