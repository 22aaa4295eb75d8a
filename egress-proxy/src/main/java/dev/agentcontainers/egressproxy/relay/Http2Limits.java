package dev.agentcontainers.egressproxy.relay;

/**
 * How much of HTTP/2 there may be at a time. Of a connection some 300 KiB are held besides the heads that wait, of a stream what its
 * windows let come: 96 KiB, and 128 KiB while the agent has not acknowledged its own, since until then it has the one that RFC 9113 begins
 * with (6.9.2). With the default that is 48 MiB for all streams at most, and 8 MiB for all heads. The streams of all connections
 * together are no more than an agent or the node may have, so whoever keeps to what a connection is told is refused none.
 *
 * @param most connections on which agents may choose it, of all agents; where no more are left only HTTP/1.1 is offered,
 *     and one without TLS is reset
 * @param mostOfAgent of one agent
 * @param streams requests under way, of all agents' such connections
 * @param streamsOfAgent of one agent
 * @param streamsOfConnection of one connection
 * @param connectionsToServer connections to the server for one of the agent's: by HTTP/1.1, where the server knows no HTTP/2, or such by
 *     HTTP/2 that take no more and are not done yet; other requests wait
 * @param moreToServers connections to servers, of all agents, beyond one for each of theirs; other requests wait
 * @param moreToServersOfAgent of one agent
 */
public record Http2Limits(
        int most,
        int mostOfAgent,
        int streams,
        int streamsOfAgent,
        int streamsOfConnection,
        int connectionsToServer,
        int moreToServers,
        int moreToServersOfAgent) {
    public static final Http2Limits DEFAULT = new Http2Limits(32, 8, 384, 96, 12, 6, 32, 16);
}
