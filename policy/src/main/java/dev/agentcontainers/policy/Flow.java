package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/**
 * Packets from one party to a port of another. What answers them is not a flow of its own: replies go where the flow may.
 *
 * @param port of the destination, 0 to 65535; no rule is about port 0
 * @param request of HTTP that it carries; null where that isn't known, so that what is said holds for whatever passes
 */
public record Flow(
        Party source,
        Party destination,
        Protocol protocol,
        int port,
        @Nullable HttpRequest request) {
    /** @throws IllegalArgumentException where the port is malformed */
    public Flow {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not within 0-65535");
        }
    }

    /** One of which it isn't known what it carries. */
    public Flow(Party source, Party destination, Protocol protocol, int port) {
        this(source, destination, protocol, port, null);
    }

    /**
     * A flow of an endpoint to an address.
     *
     * @param address IPv4 or IPv6, in plain notation
     * @throws IllegalArgumentException where address or port are malformed
     */
    public static Flow of(Endpoint source, String address, Protocol protocol, int port) {
        return new Flow(Party.of(source), Party.at(address), protocol, port);
    }

    /** The flow with the endpoints that its addresses belong to. */
    Flow identifiedIn(Endpoints endpoints) {
        return new Flow(endpoints.identified(source), endpoints.identified(destination), protocol, port, request);
    }

    @Override
    public String toString() {
        String where = destination.host() + ":" + port + "/" + protocol;
        return request == null ? where : request + " at " + where;
    }
}
