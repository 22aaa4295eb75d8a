package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A node as placement sees it.
 *
 * @param alive whether its heartbeat is recent, and it has a namespace and addresses for agents
 * @param schedulable false where an administrator has closed it, or it is being deleted
 * @param drivers the drivers that are ready, by name
 */
public record NodeCandidate(
        String name,
        boolean alive,
        boolean schedulable,
        Optional<OperatingSystem> os,
        Optional<Architecture> arch,
        Map<String, String> labels,
        List<Taint> taints,
        Map<String, Driver> drivers,
        ResourceVector allocatable) {

    /**
     * A driver that is ready.
     *
     * @param strength the level that was established on this node, capped by the administrator
     * @param overhead what each of its agents takes beside what it requests
     */
    public record Driver(IsolationLevel strength, Set<String> features, ResourceVector overhead) {
        /** Whether it runs images, or else the node's own programs. Drivers of before these names knew only the latter. */
        boolean runs(boolean fromImage) {
            boolean images = features.contains(DriverFeature.IMAGE);
            return fromImage ? images : !images || features.contains(DriverFeature.HOST_ROOT);
        }
    }

    public static NodeCandidate of(AgentNode node, boolean alive) {
        @Nullable AgentNodeSpec spec = node.getSpec();
        @Nullable AgentNodeStatus status = node.getStatus();
        @Nullable Map<String, String> labels = node.getMetadata().getLabels();
        boolean deleting = node.getMetadata().getDeletionTimestamp() != null;
        boolean closed = spec != null && Boolean.TRUE.equals(spec.unschedulable());
        return new NodeCandidate(
                node.getMetadata().getName(),
                alive && hasPlace(spec, status),
                !closed && !deleting,
                Optional.ofNullable(status).map(AgentNodeStatus::os),
                Optional.ofNullable(status).map(AgentNodeStatus::arch),
                labels == null ? Map.of() : labels,
                spec == null || spec.taints() == null ? List.of() : spec.taints(),
                drivers(status, spec == null ? null : spec.maxStrength()),
                ResourceVector.offeredBy(status == null ? null : status.allocatable()));
    }

    private static boolean hasPlace(@Nullable AgentNodeSpec spec, @Nullable AgentNodeStatus status) {
        return spec != null && spec.agentCIDR() != null && status != null && status.namespace() != null;
    }

    private static Map<String, Driver> drivers(@Nullable AgentNodeStatus status, @Nullable IsolationLevel cap) {
        if (status == null || status.drivers() == null) {
            return Map.of();
        }
        Map<String, Driver> ready = new HashMap<>();
        for (AgentNodeStatus.DriverStatus driver : status.drivers()) {
            @Nullable IsolationLevel strength = driver.strength();
            if (Boolean.TRUE.equals(driver.ready()) && strength != null) {
                IsolationLevel counted = cap != null && cap.compareTo(strength) < 0 ? cap : strength;
                ready.put(
                        driver.name(),
                        new Driver(
                                counted,
                                driver.features() == null ? Set.of() : Set.copyOf(driver.features()),
                                ResourceVector.overheadOf(driver)));
            }
        }
        return Map.copyOf(ready);
    }
}
