package dev.agentcontainers.operator.node;

import dev.agentcontainers.operator.fleet.NodeNamespace;

/** The value of the label that says which node an object belongs to. */
final class NodeLabel {
    private static final int LIMIT = 63;

    private NodeLabel() {}

    /** The node's name; where that is too long for a label, its namespace's, which is made from it. */
    static String of(String nodeName) {
        return nodeName.length() <= LIMIT ? nodeName : NodeNamespace.of(nodeName);
    }
}
