package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.api.v1alpha1.Placement;
import dev.agentcontainers.api.v1alpha1.Platform;
import dev.agentcontainers.api.v1alpha1.Resources;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an agent asks of a node.
 *
 * @param fromImage whether the agent runs an image, and not the node's own programs
 * @param features what not every driver can do and the agent needs, by the names of DriverFeature
 * @param avoided nodes that have refused this agent a short while ago
 */
public record AgentRequest(
        OperatingSystem os,
        Optional<Architecture> arch,
        IsolationNeed isolation,
        boolean fromImage,
        ResourceVector requests,
        List<String> features,
        Map<String, String> nodeSelector,
        List<Toleration> tolerations,
        Set<String> avoided) {

    public static AgentRequest of(AgentContainer agent, Set<String> avoided) {
        AgentContainerSpec spec = agent.getSpec();
        @Nullable Platform platform = spec.platform();
        @Nullable Placement placement = spec.placement();
        return new AgentRequest(
                platform == null || platform.os() == null ? OperatingSystem.linux : platform.os(),
                Optional.ofNullable(platform).map(Platform::arch),
                IsolationNeed.of(spec.isolation()),
                spec.image() != null,
                ResourceVector.requestedBy(spec.resources()),
                features(spec),
                placement == null || placement.nodeSelector() == null ? Map.of() : placement.nodeSelector(),
                placement == null || placement.tolerations() == null ? List.of() : placement.tolerations(),
                avoided);
    }

    private static List<String> features(AgentContainerSpec spec) {
        List<String> features = new ArrayList<>();
        if (spec.session() != null) {
            features.add(DriverFeature.SESSION);
            if (spec.session().display() != null) {
                features.add(DriverFeature.DISPLAY);
            }
        }
        if (spec.lifecycle() != null && Boolean.TRUE.equals(spec.lifecycle().suspended())) {
            features.add(DriverFeature.SUSPENSION);
        }
        if (spec.resources() != null && spec.resources().limits() != null) {
            features.addAll(limits(spec.resources().limits()));
        }
        return List.copyOf(features);
    }

    private static List<String> limits(Resources.Limits given) {
        List<String> limits = new ArrayList<>();
        if (given.ephemeralStorage() != null) {
            limits.add(DriverFeature.EPHEMERAL_STORAGE);
        }
        if (given.diskReadRate() != null) {
            limits.add(DriverFeature.DISK_READ_RATE);
        }
        if (given.diskWriteRate() != null) {
            limits.add(DriverFeature.DISK_WRITE_RATE);
        }
        if (given.networkEgressRate() != null) {
            limits.add(DriverFeature.NETWORK_EGRESS_RATE);
        }
        if (given.networkIngressRate() != null) {
            limits.add(DriverFeature.NETWORK_INGRESS_RATE);
        }
        return limits;
    }
}
