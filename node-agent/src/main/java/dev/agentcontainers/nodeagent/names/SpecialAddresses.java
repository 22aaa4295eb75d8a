package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.policy.Invariants;
import dev.agentcontainers.policy.PrivateRanges;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import java.util.List;
import java.util.stream.Stream;

/** Where names of the public DNS must not lead. */
final class SpecialAddresses {
    private static final List<Cidr> RANGES = Stream.concat(
                    Invariants.cidrs().stream().map(Cidr::parse), PrivateRanges.ALL.stream())
            .toList();
    private static final AddressRanges ALL = AddressRanges.ofFamily(AddressFamily.IPV4, RANGES);

    private SpecialAddresses() {}

    static List<Cidr> ranges() {
        return RANGES;
    }

    /** IPv6 addresses all are: agents have none yet. */
    static boolean contain(Cidr address) {
        return address.family() != AddressFamily.IPV4 || ALL.contains(address);
    }
}
