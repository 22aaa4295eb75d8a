package dev.agentcontainers.nodeagent.enrolment;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before dialling again: from half a second, doubling to half a minute, each drawn from its upper half
 * so that a fleet does not come back at once. A connection begins this anew where it held for longer than it was waited for
 * last: so an end now and then is mended at once. One that ended sooner has still shown that there is somebody who answers:
 * the next wait is of eight seconds at most. Used by one thread.
 */
public final class ReconnectDelay {
    private static final long SHORTEST = Duration.ofMillis(500).toMillis();
    private static final long LONGEST = Duration.ofSeconds(30).toMillis();
    private static final long LONGEST_AFTER_ANSWER = Duration.ofSeconds(8).toMillis();
    private static final Duration SHORTEST_HELD = Duration.ofSeconds(2);

    private final RandomGenerator random;
    private long current = SHORTEST;
    private Duration last = Duration.ZERO;

    public ReconnectDelay(RandomGenerator random) {
        this.random = random;
    }

    public Duration next() {
        long delay = current / 2 + random.nextLong(current / 2 + 1);
        current = Math.min(LONGEST, current * 2);
        last = Duration.ofMillis(delay);
        return last;
    }

    /** After a connection that held for that long. */
    public void held(Duration time) {
        if (time.compareTo(SHORTEST_HELD) >= 0 && time.compareTo(last) > 0) {
            current = SHORTEST;
        } else {
            current = Math.min(LONGEST_AFTER_ANSWER, current);
        }
    }
}
