package dev.agentcontainers.nodeagent.fence;

import java.util.List;

/**
 * How a node's fence is set up.
 *
 * @param agentCidr range of the agents' addresses on this node, IPv4, prefix 16 to 28
 * @param fleetCidr range of all agents' addresses, not translated among agents
 * @param neverAllowed addresses and ranges that no ruleset opens, beside those built in (link-local, metadata,
 *     loopback, multicast, this node's own addresses): the API server's, for example
 */
public record FenceSettings(String agentCidr, String fleetCidr, List<String> neverAllowed) {
    public FenceSettings {
        neverAllowed = List.copyOf(neverAllowed);
    }
}
