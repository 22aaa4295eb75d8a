package dev.agentcontainers.cli.run;

import dev.agentcontainers.nodeagent.standalone.RunEnd;

/** A run of one agent, whoever runs it. */
interface AgentRun {
    /** Runs the agent to its end. */
    RunEnd await() throws InterruptedException;

    /** Asks it to stop. May be called by any thread at any time, as {@link #kill}. */
    void stop();

    void kill();
}
