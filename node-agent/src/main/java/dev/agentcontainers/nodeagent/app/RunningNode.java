package dev.agentcontainers.nodeagent.app;

import dev.agentcontainers.nodeagent.app.NodeAgent.Parts;
import jakarta.inject.Singleton;
import java.util.Optional;

/** The node agent of this process, for its health and its metrics. Thread-safe. */
@Singleton
public class RunningNode {
    private volatile Optional<NodeAgent> agent = Optional.empty();

    void set(NodeAgent started) {
        agent = Optional.of(started);
    }

    /** Empty until it is started. */
    Optional<Parts> parts() {
        return agent.flatMap(NodeAgent::parts);
    }
}
