package dev.agentcontainers.nodeagent.image.signature.keyless;

import java.time.Instant;

/**
 * When something of a trusted root counts.
 *
 * @param end the last moment at which it does
 */
record Validity(Instant start, Instant end) {
    boolean contains(Instant time) {
        return !time.isBefore(start) && !time.isAfter(end);
    }

    @Override
    public String toString() {
        return start + " to " + (end.equals(Instant.MAX) ? "now" : end);
    }
}
