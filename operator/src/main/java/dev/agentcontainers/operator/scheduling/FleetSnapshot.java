package dev.agentcontainers.operator.scheduling;

import java.util.List;
import java.util.Map;

/**
 * The fleet at one moment.
 *
 * @param options all isolation classes
 * @param reserved what is taken of each node, by name
 */
public record FleetSnapshot(
        List<NodeCandidate> nodes, List<IsolationOption> options, Map<String, ResourceVector> reserved) {

    public ResourceVector free(NodeCandidate node) {
        return node.allocatable().minus(reserved.getOrDefault(node.name(), ResourceVector.NONE));
    }
}
