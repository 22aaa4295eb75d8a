package dev.agentcontainers.operator.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;

/** How one controller tells the other that it should look again. */
@ApplicationScoped
public class Signals {
    private final SimpleInboundEventSource<AgentContainer> agents = new SimpleInboundEventSource<>("agent-signals");
    private final SimpleInboundEventSource<AgentNode> nodes = new SimpleInboundEventSource<>("node-signals");

    /** The event source of the agents' controller. */
    public SimpleInboundEventSource<AgentContainer> forAgents() {
        return agents;
    }

    /** The event source of the nodes' controller. */
    public SimpleInboundEventSource<AgentNode> forNodes() {
        return nodes;
    }

    public void nodeChanged(String nodeName) {
        if (nodes.isRunning()) {
            nodes.propagateEvent(new ResourceID(nodeName));
        }
    }

    public void agentsChanged(Collection<AgentContainer> changed) {
        if (agents.isRunning()) {
            changed.forEach(agent -> agents.propagateEvent(ResourceID.fromResource(agent)));
        }
    }
}
