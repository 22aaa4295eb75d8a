package dev.agentcontainers.policy;

import dev.agentcontainers.policy.box.Cidr;
import java.util.List;
import java.util.stream.Stream;

/**
 * What names of the public DNS must not lead to, besides the invariants: whoever owns a domain could otherwise point it into a node's
 * surroundings. The compiler leaves names out where these alone are open, and nodes open none of them for a name. The ranges for
 * documentation are not among them: nobody is there, and tests are. Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890).
 */
public final class PrivateRanges {
    /** Of IPv4. */
    public static final List<Cidr> ALL = Stream.of(
                    "10.0.0.0/8", // private (RFC 1918)
                    "172.16.0.0/12",
                    "192.168.0.0/16",
                    "100.64.0.0/10", // shared with carriers (RFC 6598), also the usual range of agents
                    "192.0.0.0/24", // protocol assignments (RFC 6890)
                    "192.88.99.0/24", // relays of 6to4 (RFC 7526)
                    "198.18.0.0/15", // benchmarks (RFC 2544)
                    "240.0.0.0/4") // reserved (RFC 1112)
            .map(Cidr::parse)
            .toList();

    private PrivateRanges() {}
}
