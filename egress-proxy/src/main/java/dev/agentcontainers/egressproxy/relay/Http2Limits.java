package dev.agentcontainers.egressproxy.relay;

/**
 * How much of HTTP/2 there may be at a time. Of a connection some 300 KiB are held, of a stream a head of each side's and what its
 * windows let come.
 *
 * @param most connections on which agents may choose it, of all agents; where no more are left only HTTP/1.1 is offered
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
    public static final Http2Limits DEFAULT = new Http2Limits(64, 16, 512, 128, 100, 6, 64, 16);
}
