package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.policy.Invariants;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where names of the public DNS must not lead: whoever owns a domain could otherwise point it into this node's surroundings.
 * The ranges for documentation are not among them: nobody is there, and tests are.
 */
final class SpecialAddresses {
    /** Beside the invariants. Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890). */
    private static final List<String> RANGES = List.of(
            "10.0.0.0/8", // private (RFC 1918)
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10", // shared with carriers (RFC 6598), also the usual range of agents
            "192.0.0.0/24", // protocol assignments (RFC 6890)
            "192.88.99.0/24", // relays of 6to4 (RFC 7526)
            "198.18.0.0/15", // benchmarks (RFC 2544)
            "240.0.0.0/4"); // reserved (RFC 1112)

    private static final AddressRanges ALL = AddressRanges.ofFamily(
            AddressFamily.IPV4,
            Stream.concat(Invariants.cidrs().stream(), RANGES.stream())
                    .map(Cidr::parse)
                    .toList());

    private SpecialAddresses() {}

    /** IPv6 addresses all are: agents have none yet. */
    static boolean contain(Cidr address) {
        return address.family() != AddressFamily.IPV4 || ALL.contains(address);
    }
}
