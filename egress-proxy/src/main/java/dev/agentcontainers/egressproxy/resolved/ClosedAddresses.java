package dev.agentcontainers.egressproxy.resolved;

import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;

/** Where this process goes for nobody, whatever rules and names say. What can't be read closes everything. Immutable. */
final class ClosedAddresses {
    private static final Logger LOG = System.getLogger(ClosedAddresses.class.getName());

    static final ClosedAddresses NONE = of(List.of());

    private final AddressRanges ranges;

    private ClosedAddresses(AddressRanges ranges) {
        this.ranges = ranges;
    }

    /** @param ranges of IPv4, as {@code 10.0.0.0/8} */
    static ClosedAddresses of(List<String> ranges) {
        try {
            return new ClosedAddresses(AddressRanges.ofFamily(
                    AddressFamily.IPV4, ranges.stream().map(Cidr::parse).toList()));
        } catch (IllegalArgumentException e) {
            LOG.log(
                    Level.ERROR,
                    "what is closed is told in no readable way, so that everything is: {0}",
                    e.getMessage());
            return new ClosedAddresses(AddressRanges.everywhere(AddressFamily.IPV4));
        }
    }

    /** @param address in plain notation; anything but an address of IPv4 is closed */
    boolean contains(String address) {
        try {
            Cidr cidr = Cidr.parse(address);
            return cidr.family() != AddressFamily.IPV4 || ranges.contains(cidr);
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}
