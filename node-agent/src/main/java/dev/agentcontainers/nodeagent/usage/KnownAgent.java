package dev.agentcontainers.nodeagent.usage;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.sandbox.Assignment;

/** An agent of this node, and what runs it. */
public record KnownAgent(Assignment.Agent agent, IsolationDriver driver) {}
