package dev.agentcontainers.nodeagent.standalone.service;

import java.time.Duration;

/**
 * What clients of the service may take before they have a run.
 *
 * @param most connections at a time, of all users together; those that wait for their first message count too
 * @param mostOfUser connections at a time, of one user
 * @param firstMessage how long a client may take until its first message is complete
 */
record ConnectionLimits(int most, int mostOfUser, Duration firstMessage) {
    private static final int MOST = 128;
    private static final Duration FIRST_MESSAGE = Duration.ofSeconds(10);

    /** Twice as many connections as runs: who asks for a run too many is told so on a connection. */
    static ConnectionLimits of(ServiceSettings settings) {
        return new ConnectionLimits(MOST, 2 * settings.mostRunsOfUser(), FIRST_MESSAGE);
    }
}
