package dev.agentcontainers.operator.scheduling;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;

/** The scheduler's answer for one agent. */
public sealed interface Placement {
    /**
     * That node, with that class.
     *
     * @param taken what is taken of the node for the agent
     */
    record Placed(String nodeName, String className, IsolationLevel strength, ResourceVector taken)
            implements Placement {}

    /** No node at present; the message says why for each. */
    record Unschedulable(String message) implements Placement {}
}
