package dev.agentcontainers.operator.status;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Usage;
import dev.agentcontainers.operator.fleet.OwnWrites;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stands in the experiment's class path ahead of the operator's class of this name, which it resembles but for one thing: it
 * leaves alone what a node agent has written of an agent whose name begins with {@code direct-}.
 */
public class StatusWriter {
    private static final String DIRECT = "direct-";

    private final @Nullable KubernetesClient client;
    private final @Nullable OwnWrites ownWrites;

    public StatusWriter(KubernetesClient client, OwnWrites ownWrites) {
        this.client = client;
        this.ownWrites = ownWrites;
    }

    /** For the proxy that Quarkus has generated. */
    StatusWriter() {
        this.client = null;
        this.ownWrites = null;
    }

    public boolean write(AgentContainer read, AgentContainerStatus status) {
        if (isTheNodes(read) || saysTheSame(read.getStatus(), status)) {
            return false;
        }
        replace(read, status);
        return true;
    }

    public String replace(AgentContainer read, AgentContainerStatus status) {
        AgentContainer written =
                Objects.requireNonNull(client).resource(with(read, status)).updateStatus();
        Objects.requireNonNull(ownWrites).wrote(written);
        return written.getMetadata().getResourceVersion();
    }

    public Optional<AgentContainer> look(AgentContainer read) {
        return Optional.ofNullable(Objects.requireNonNull(client).resource(read).get())
                .filter(now ->
                        now.getMetadata().getUid().equals(read.getMetadata().getUid()));
    }

    public static AgentContainer with(AgentContainer read, AgentContainerStatus status) {
        AgentContainer written = new AgentContainer();
        written.setMetadata(
                new ObjectMetaBuilder(read.getMetadata()).withManagedFields().build());
        written.setSpec(read.getSpec());
        written.setStatus(status);
        return written;
    }

    private static boolean isTheNodes(AgentContainer read) {
        return read.getMetadata().getName().startsWith(DIRECT)
                && read.getStatus() != null
                && read.getStatus().transitions() != null
                && read.getStatus().transitions().started() != null;
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
