package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;

/** Attempts to break out of sandboxes. Thread-safe. */
public interface StrengthSuite {
    /** Of the attempts: changes with each change of what is attempted or how it is judged. */
    String version();

    /**
     * Runs throwaway sandboxes of a driver that try what a hostile agent would, and looks at the host for the effect of each
     * attempt. Changes nothing on the host for good. Takes some seconds.
     *
     * @param ready what the driver's own probe found
     * @throws InterruptedException when the calling thread is interrupted; nothing is left then either
     */
    StrengthReport measure(IsolationDriver driver, DriverProbe.Ready ready) throws InterruptedException;
}
