package dev.agentcontainers.nodeagent.enrolment;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before dialling again: from half a second, doubling to half a minute, each drawn from its upper half
 * so that a fleet does not come back at once. Used by one thread.
 */
public final class ReconnectDelay {
    private static final long SHORTEST = Duration.ofMillis(500).toMillis();
    private static final long LONGEST = Duration.ofSeconds(30).toMillis();

    private final RandomGenerator random;
    private long current = SHORTEST;

    public ReconnectDelay(RandomGenerator random) {
        this.random = random;
    }

    public Duration next() {
        long delay = current / 2 + random.nextLong(current / 2 + 1);
        current = Math.min(LONGEST, current * 2);
        return Duration.ofMillis(delay);
    }

    /** After a connection that held. */
    public void reset() {
        current = SHORTEST;
    }
}
