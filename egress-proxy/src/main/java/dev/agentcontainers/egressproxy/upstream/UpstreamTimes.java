package dev.agentcontainers.egressproxy.upstream;

import java.time.Duration;

/**
 * How long to wait for resolvers.
 *
 * @param datagram for one answer by UDP
 * @param stream for one by TCP
 * @param whole for a name in all; shorter than clients wait
 * @param rounds how often each server is asked
 */
public record UpstreamTimes(Duration datagram, Duration stream, Duration whole, int rounds) {
    public static final UpstreamTimes DEFAULT =
            new UpstreamTimes(Duration.ofMillis(1200), Duration.ofMillis(2500), Duration.ofMillis(4500), 2);
}
