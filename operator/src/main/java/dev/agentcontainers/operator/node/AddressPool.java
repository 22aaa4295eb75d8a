package dev.agentcontainers.operator.node;

import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Hands out ranges of addresses to nodes. Pure. */
public final class AddressPool {
    private final IPAddress pool;
    private final int prefixLength;

    /**
     * @param pool the addresses of all agents, for example 100.80.0.0/12
     * @param prefixLength the size of each node's range
     * @throws IllegalArgumentException where the pool is no IPv4 CIDR or smaller than a range
     */
    public AddressPool(String pool, int prefixLength) {
        IPAddress parsed = new IPAddressString(pool).getAddress();
        if (parsed == null || !parsed.isIPv4() || parsed.getNetworkPrefixLength() == null) {
            throw new IllegalArgumentException(
                    "agentcontainers.operator.address-pool: %s is no IPv4 CIDR, for example 100.80.0.0/12"
                            .formatted(pool));
        }
        if (parsed.getNetworkPrefixLength() > prefixLength || prefixLength > 28 || prefixLength < 16) {
            throw new IllegalArgumentException(
                    "agentcontainers.operator.node-prefix-length: %d must be from 16 to 28 and not smaller than the pool's %d"
                            .formatted(prefixLength, parsed.getNetworkPrefixLength()));
        }
        this.pool = parsed.toPrefixBlock();
        this.prefixLength = prefixLength;
    }

    /** The lowest range that overlaps none of those taken; empty when the pool is used up. */
    public Optional<String> lowestFree(Collection<String> taken) {
        List<IPAddress> used = taken.stream()
                .map(cidr -> new IPAddressString(cidr).getAddress())
                .filter(address -> address != null && address.isIPv4())
                .map(IPAddress::toPrefixBlock)
                .toList();
        Iterator<? extends IPAddress> ranges =
                pool.setPrefixLength(prefixLength, false).prefixBlockIterator();
        while (ranges.hasNext()) {
            IPAddress range = ranges.next();
            if (used.stream().noneMatch(other -> other.contains(range) || range.contains(other))) {
                return Optional.of(range.toCanonicalString());
            }
        }
        return Optional.empty();
    }
}
