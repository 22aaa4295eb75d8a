package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;

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

    /**
     * Replaces what no policy opens, from now on and for connections that exist. Where that fails the agent is killed: it
     * may not go on with what must be closed to it.
     *
     * @param addressesAndRanges all of them
     */
    void neverAllow(List<String> addressesAndRanges);
}
