package dev.agentcontainers.nodeagent.supervisor;

/** Takes reports on agents. Called by several threads, in order for each agent; must not block for long. */
@FunctionalInterface
public interface AgentReporter {
    void report(AgentReport report);
}
