package dev.agentcontainers.bench.drivers;

import java.time.Duration;
import java.time.Instant;

/** Nanoseconds from the beginning to the agent's first instruction and to the knowledge of its end. */
record Times(long first, long end) {
    /** Of a run that has just ended. */
    static Times endingNow(Instant begin, Instant first) {
        return between(begin, first, Instant.now());
    }

    static Times between(Instant begin, Instant first, Instant end) {
        return new Times(
                Duration.between(begin, first).toNanos(),
                Duration.between(begin, end).toNanos());
    }
}
