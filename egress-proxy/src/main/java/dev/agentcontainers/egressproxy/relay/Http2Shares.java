package dev.agentcontainers.egressproxy.relay;

/**
 * What agents' connections of HTTP/2 take of what there is for all of them. For the event loop's thread.
 *
 * @param streams requests under way
 * @param more connections to servers beyond one for each of the agents'
 */
record Http2Shares(AgentCounts streams, AgentCounts more) {
    static Http2Shares of(Http2Limits limits) {
        return new Http2Shares(
                new AgentCounts(limits.streams(), limits.streamsOfAgent()),
                new AgentCounts(limits.moreToServers(), limits.moreToServersOfAgent()));
    }
}
