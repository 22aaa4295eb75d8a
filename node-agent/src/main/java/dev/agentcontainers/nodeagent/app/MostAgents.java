package dev.agentcontainers.nodeagent.app;

/** Counts for how many agents a node has addresses and user ids. */
final class MostAgents {
    private static final int IPV4_BITS = 32;
    /** Base, last address and the uplink's. */
    private static final long NOT_FOR_AGENTS = 3;

    private static final long IDS_OF_AN_AGENT = 65_536;

    private MostAgents() {}

    static long of(String agentCidr, long userIdCount) {
        int prefix = Integer.parseInt(agentCidr.substring(agentCidr.indexOf('/') + 1));
        long addresses = (1L << (IPV4_BITS - prefix)) - NOT_FOR_AGENTS;
        return Math.min(addresses, userIdCount / IDS_OF_AN_AGENT);
    }
}
