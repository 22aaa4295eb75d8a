package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.Probe;

/** Asks one agent. Thread-safe. */
public interface ProbeAttempts {
    /**
     * Makes one attempt, which ends with the probe's timeout.
     *
     * @throws InterruptedException when the calling thread is interrupted; nothing of the attempt goes on then
     */
    ProbeResult attempt(Probe probe) throws InterruptedException;
}
