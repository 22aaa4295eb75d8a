package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.Cidr;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/**
 * What no name opens on this node.
 *
 * @param fleet range of all agents' addresses
 * @param closed the node's own addresses, and what its configuration closes
 */
record ClosedToNames(Cidr fleet, List<Cidr> closed) {
    ClosedToNames {
        closed = List.copyOf(closed);
    }

    static ClosedToNames of(String fleetCidr, Collection<String> closed) {
        return new ClosedToNames(
                Cidr.parse(fleetCidr), closed.stream().map(Cidr::parse).toList());
    }

    /** With more that is closed. */
    ClosedToNames and(Collection<String> more) {
        List<Cidr> all = new ArrayList<>(closed);
        more.forEach(address -> all.add(Cidr.parse(address)));
        return new ClosedToNames(fleet, all);
    }

    /** All of it that is of IPv4, in the notation of ranges. */
    List<String> ranges() {
        return Stream.of(SpecialAddresses.ranges().stream(), Stream.of(fleet), closed.stream())
                .flatMap(each -> each)
                .filter(range -> range.family() == AddressFamily.IPV4)
                .map(Cidr::toString)
                .distinct()
                .sorted()
                .toList();
    }

    boolean contains(Cidr address) {
        return SpecialAddresses.contain(address)
                || fleet.contains(address)
                || closed.stream().anyMatch(range -> range.contains(address));
    }
}
