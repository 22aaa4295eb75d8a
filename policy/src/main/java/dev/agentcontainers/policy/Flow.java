package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;

/**
 * The destination of an agent's packets.
 *
 * @param address IPv4 or IPv6, in plain notation; kept in canonical notation
 * @param port 0 to 65535; no policy allows port 0
 */
public record Flow(String address, Protocol protocol, int port) {
    /** @throws IllegalArgumentException where address or port are malformed */
    public Flow {
        if (address.contains("/")) {
            throw new IllegalArgumentException("'" + address + "' is a range, a flow has one address");
        }
        address = Cidr.parse(address).address();
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not within 0-65535");
        }
    }

    @Override
    public String toString() {
        return (address.contains(":") ? "[" + address + "]" : address) + ":" + port + "/" + protocol;
    }
}
