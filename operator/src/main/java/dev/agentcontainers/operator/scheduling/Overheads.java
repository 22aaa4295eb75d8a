package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.operator.fleet.Fleet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What each node's drivers take for an agent beside its requests, ready or not: agents that run take it.
 *
 * @param byNode by the node's and the driver's name
 * @param drivers of the isolation classes, by the class's name
 */
record Overheads(Map<String, Map<String, ResourceVector>> byNode, Map<String, String> drivers) {
    static Overheads of(Fleet fleet) {
        Map<String, Map<String, ResourceVector>> byNode = new HashMap<>();
        fleet.nodes().forEach(node -> byNode.put(node.getMetadata().getName(), ofDrivers(node)));
        Map<String, String> drivers = new HashMap<>();
        fleet.isolationClasses()
                .forEach(each ->
                        drivers.put(each.getMetadata().getName(), each.getSpec().driver()));
        return new Overheads(byNode, drivers);
    }

    private static Map<String, ResourceVector> ofDrivers(AgentNode node) {
        @Nullable AgentNodeStatus status = node.getStatus();
        Map<String, ResourceVector> overheads = new HashMap<>();
        if (status != null && status.drivers() != null) {
            status.drivers().forEach(driver -> overheads.put(driver.name(), ResourceVector.overheadOf(driver)));
        }
        return overheads;
    }

    /** Of an agent with that class on that node; the most of the node's drivers where nobody knows the class any more. */
    ResourceVector ofClass(String node, @Nullable String className) {
        return Optional.ofNullable(className)
                .map(drivers::get)
                .map(driver -> ofDriver(node, driver))
                .orElseGet(() -> byNode.getOrDefault(node, Map.of()).values().stream()
                        .reduce(ResourceVector.NONE, ResourceVector::most));
    }

    ResourceVector ofDriver(String node, String driver) {
        return byNode.getOrDefault(node, Map.of()).getOrDefault(driver, ResourceVector.NONE);
    }
}
