package dev.agentcontainers.nodeagent.gateway;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.Optional;

/** What can be streamed on this node. Thread-safe. */
public interface StreamTargets {
    /** The driver of an agent that is assigned to this node; empty for any other. */
    Optional<IsolationDriver> driver(SandboxId id);

    /** True where the agent has ended and will not be started again: its log is complete. */
    boolean isFinished(SandboxId id);
}
