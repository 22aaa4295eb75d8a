package dev.agentcontainers.nodeagent.probe;

import java.time.Duration;
import java.util.Optional;

/**
 * What the probes of a run say. It changes only where a threshold is reached, so that a failing agent says it once.
 *
 * @param started whether the startup probe has succeeded, or there is none
 * @param ready whether the readiness probe succeeds, or there is none
 * @param reason in CamelCase, for programs
 * @param message which probe, and how its last attempt failed; empty for a run that is well
 * @param fatal set once a probe wants the run stopped; nothing is asked any more
 */
public record Health(boolean started, boolean ready, String reason, String message, Optional<Fatal> fatal) {
    /** Why a run has to be stopped, with the grace period of the probe where it has one of its own. */
    public record Fatal(String reason, String message, Optional<Duration> gracePeriod) {}

    /** Whether the agent serves. */
    public boolean isAvailable() {
        return started && ready && fatal.isEmpty();
    }
}
