package dev.agentcontainers.nodeagent.supervisor;

import java.time.Duration;

/** How long to wait before a further start: 10 seconds, doubled with each failure in a row up to 5 minutes. */
final class RestartDelay {
    static final Duration FIRST = Duration.ofSeconds(10);
    static final Duration LONGEST = Duration.ofMinutes(5);

    /** A run of at least this length ends the row of failures. */
    static final Duration LONG_RUN = Duration.ofMinutes(10);

    private static final int DOUBLINGS = 5;

    private RestartDelay() {}

    /** The delay after that many failures in a row, 1 or more. */
    static Duration after(int failures) {
        Duration delay = FIRST.multipliedBy(1L << Math.min(failures - 1, DOUBLINGS));
        return delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
    }

    /** The delay before a failed step of a start is tried again: from one second, so that passing trouble passes quickly. */
    static Duration beforeRetry(int failures) {
        Duration delay = Duration.ofSeconds(1L << Math.min(failures - 1, 9));
        return delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
    }
}
