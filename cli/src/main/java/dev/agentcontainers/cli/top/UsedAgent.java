package dev.agentcontainers.cli.top;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.protocol.AgentUsage;

/**
 * An agent and what it uses, as JSON says it too.
 *
 * @param node name of its AgentNode
 */
record UsedAgent(String namespace, String name, String node, AgentUsage usage) {
    static UsedAgent of(AgentContainer agent, AgentUsage usage) {
        return new UsedAgent(
                agent.getMetadata().getNamespace(), agent.getMetadata().getName(), nodeOf(agent), usage);
    }

    /** Empty where it is not placed. */
    static String nodeOf(AgentContainer agent) {
        String node = agent.getStatus() == null ? null : agent.getStatus().nodeName();
        return node == null ? "" : node;
    }
}
