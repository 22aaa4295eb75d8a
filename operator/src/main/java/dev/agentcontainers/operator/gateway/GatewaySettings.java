package dev.agentcontainers.operator.gateway;

import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * How the gateway listens and what it allows.
 *
 * @param address to listen on, for example {@code 0.0.0.0}
 * @param port to listen on; 0 for a free one
 * @param url where users and node agents find it; its port is filled in where it has none
 * @param names DNS names and IP addresses that its certificate is for
 * @param streamsPerUser streams that a user may have open at once
 * @param streamsPerNode streams that may be open to a node at once
 * @param streams streams that may be open at once
 * @param dialTimeout how long a node may take to open a stream
 * @param idleTimeout how long a stream may stay silent
 */
public record GatewaySettings(
        String address,
        int port,
        URI url,
        List<String> names,
        int streamsPerUser,
        int streamsPerNode,
        int streams,
        Duration dialTimeout,
        Duration idleTimeout) {

    /** Where the gateway listens unless told otherwise. */
    public static final int DEFAULT_PORT = 9443;

    public GatewaySettings {
        names = List.copyOf(names);
    }

    /** With the limits that suit most. */
    public static GatewaySettings of(String address, int port, URI url, List<String> names) {
        return new GatewaySettings(
                address, port, url, names, 32, 64, 1024, Duration.ofSeconds(10), Duration.ofHours(4));
    }

    /** On loopback, for a control plane on this machine. */
    public static GatewaySettings loopback(int port) {
        return of("127.0.0.1", port, URI.create("https://127.0.0.1"), List.of("127.0.0.1", "localhost"));
    }

    /** The URL with the port that the gateway listens on, where it had none. */
    URI publishedUrl(int actualPort) {
        return url.getPort() >= 0 ? url : URI.create(url.getScheme() + "://" + url.getHost() + ":" + actualPort);
    }
}
