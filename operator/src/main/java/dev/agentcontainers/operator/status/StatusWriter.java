package dev.agentcontainers.operator.status;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Usage;
import dev.agentcontainers.operator.fleet.OwnWrites;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the status of AgentContainers, only where it says something new, and only over the version that was read: the
 * API server refuses the write (409) when anyone else was faster. That is what makes a binding exclusive.
 */
@ApplicationScoped
public class StatusWriter {
    private final KubernetesClient client;
    private final OwnWrites ownWrites;

    public StatusWriter(KubernetesClient client, OwnWrites ownWrites) {
        this.client = client;
        this.ownWrites = ownWrites;
    }

    /**
     * Writes the status if it differs from the one read.
     *
     * @return whether it was written
     * @throws io.fabric8.kubernetes.client.KubernetesClientException with code 409 when the version read is not the newest
     */
    public boolean write(AgentContainer read, AgentContainerStatus status) {
        if (saysTheSame(read.getStatus(), status)) {
            return false;
        }
        replace(read, status);
        return true;
    }

    /**
     * Writes the status in any case.
     *
     * @return the resourceVersion of what was written
     */
    public String replace(AgentContainer read, AgentContainerStatus status) {
        AgentContainer written = client.resource(with(read, status)).updateStatus();
        ownWrites.wrote(written);
        return written.getMetadata().getResourceVersion();
    }

    /** What the API server says now of the agent that was read; empty where that agent is no more. */
    public Optional<AgentContainer> look(AgentContainer read) {
        return Optional.ofNullable(client.resource(read).get())
                .filter(now ->
                        now.getMetadata().getUid().equals(read.getMetadata().getUid()));
    }

    /** The same object, with that status; what was read stays as it is. */
    public static AgentContainer with(AgentContainer read, AgentContainerStatus status) {
        AgentContainer written = new AgentContainer();
        written.setMetadata(
                new ObjectMetaBuilder(read.getMetadata()).withManagedFields().build());
        written.setSpec(read.getSpec());
        written.setStatus(status);
        return written;
    }

    static boolean saysTheSame(@Nullable AgentContainerStatus before, AgentContainerStatus after) {
        return before != null
                && Conditions.same(before.conditions(), after.conditions())
                && isOneRun(before.usage(), after.usage())
                && Objects.equals(withoutConditionsAndUsage(before), withoutConditionsAndUsage(after));
    }

    /** What an agent uses is another with each look: it goes along with what else is written, but is never said of another run. */
    private static boolean isOneRun(@Nullable Usage before, @Nullable Usage after) {
        return before == null || after == null || Objects.equals(before.since(), after.since());
    }

    private static AgentContainerStatus withoutConditionsAndUsage(AgentContainerStatus status) {
        return new AgentContainerStatus(
                status.phase(),
                null,
                status.observedGeneration(),
                status.nodeName(),
                status.isolation(),
                status.policy(),
                status.addresses(),
                status.exitCode(),
                status.restarts(),
                status.transitions(),
                status.egress(),
                status.imageDigest(),
                status.mountedImages());
    }
}
