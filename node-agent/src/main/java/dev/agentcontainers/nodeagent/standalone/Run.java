package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;

/** One agent, from its manifest to its end. Every method but {@link #await} may be called by any thread at any time. */
public interface Run {
    /**
     * Runs the agent to its end. To be called once.
     *
     * @throws RefusedRunException where it can't be had as it is asked for; nothing was changed on the machine
     * @throws SandboxException where the machine fails; what was made is removed
     */
    RunEnd await() throws RefusedRunException, SandboxException, IOException, InterruptedException;

    /** Asks the agent to stop, and kills it after its grace period. */
    void stop();

    /** Kills the agent at once. */
    void kill();
}
