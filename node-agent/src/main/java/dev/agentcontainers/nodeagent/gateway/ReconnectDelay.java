package dev.agentcontainers.nodeagent.gateway;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before dialling again: from half a second, doubling to half a minute, each drawn from its upper half
 * so that a fleet does not come back at once. Used by one thread.
 */
final class ReconnectDelay {
    private static final long SHORTEST = Duration.ofMillis(500).toMillis();
    private static final long LONGEST = Duration.ofSeconds(30).toMillis();

    private final RandomGenerator random;
    private long current = SHORTEST;

    ReconnectDelay(RandomGenerator random) {
        this.random = random;
    }

    Duration next() {
        long delay = current / 2 + random.nextLong(current / 2 + 1);
        current = Math.min(LONGEST, current * 2);
        return Duration.ofMillis(delay);
    }

    /** After a connection that held. */
    void reset() {
        current = SHORTEST;
    }
}
