package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.api.v1alpha1.Placement;
import dev.agentcontainers.api.v1alpha1.Platform;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an agent asks of a node.
 *
 * @param fromImage whether the agent runs an image, and not the node's own programs
 * @param limitsDisk whether the node must be able to enforce a limit of ephemeral storage
 * @param avoided nodes that have refused this agent a short while ago
 */
public record AgentRequest(
        OperatingSystem os,
        Optional<Architecture> arch,
        IsolationNeed isolation,
        boolean fromImage,
        ResourceVector requests,
        boolean limitsDisk,
        Map<String, String> nodeSelector,
        List<Toleration> tolerations,
        Set<String> avoided) {

    public static AgentRequest of(AgentContainer agent, Set<String> avoided) {
        AgentContainerSpec spec = agent.getSpec();
        @Nullable Platform platform = spec.platform();
        @Nullable Placement placement = spec.placement();
        boolean limitsDisk = spec.resources() != null
                && spec.resources().limits() != null
                && spec.resources().limits().ephemeralStorage() != null;
        return new AgentRequest(
                platform == null || platform.os() == null ? OperatingSystem.linux : platform.os(),
                Optional.ofNullable(platform).map(Platform::arch),
                IsolationNeed.of(spec.isolation()),
                spec.image() != null,
                ResourceVector.requestedBy(spec.resources()),
                limitsDisk,
                placement == null || placement.nodeSelector() == null ? Map.of() : placement.nodeSelector(),
                placement == null || placement.tolerations() == null ? List.of() : placement.tolerations(),
                avoided);
    }
}
