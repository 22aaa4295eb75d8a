package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.cli.record.Tally;

/**
 * How a port of a destination was used.
 *
 * @param allowed connections
 * @param denied connections and questions for the name
 * @param looked of how many different flows it is known that they may be TLS only
 * @param unlooked of how many it is not
 * @param assumed whether nothing but a denied question for the name speaks for the port
 */
record Use(long allowed, long denied, long sent, long received, int looked, int unlooked, boolean assumed) {
    /** A flow that was recorded. */
    static Use of(Tally tally, boolean withDenied, boolean looked) {
        return new Use(
                tally.allowed(),
                withDenied ? tally.denied() : 0,
                tally.sent(),
                tally.received(),
                looked ? 1 : 0,
                looked ? 0 : 1,
                false);
    }

    /** The name led to where there was a flow, which the record may know by another name. */
    static Use byAddress(boolean looked) {
        return new Use(0, 0, 0, 0, looked ? 1 : 0, looked ? 0 : 1, false);
    }

    /** The name stood in a look at TLS. */
    static Use byServerName(Tally tally, boolean withDenied) {
        return new Use(0, withDenied ? tally.denied() : 0, 0, 0, 1, 0, false);
    }

    /** The name was asked for and denied, so that no connection followed. */
    static Use assumed(Tally tally) {
        return new Use(0, tally.denied(), 0, 0, 0, 1, true);
    }

    Use and(Use other) {
        return new Use(
                allowed + other.allowed,
                denied + other.denied,
                sent + other.sent,
                received + other.received,
                looked + other.looked,
                unlooked + other.unlooked,
                assumed && other.assumed);
    }

    /** Whether all that is known of it was TLS for the name, or else did not pass. */
    boolean isTls() {
        return looked > 0 && unlooked == 0;
    }
}
