package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;
import dev.agentcontainers.policy.Invariants;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** IPv4 addresses that no ruleset opens, as ranges that neither overlap nor touch, in order. */
record NeverAllowed(List<Range> ranges) {
    record Range(Ipv4 first, Ipv4 last) {}

    /**
     * @param configured addresses and ranges; IPv6 ones are left out, since no IPv6 packet of an agent passes at all
     * @param own this node's addresses
     */
    static NeverAllowed of(Collection<String> configured, Collection<Ipv4> own) {
        List<Range> sorted = Stream.concat(
                        Stream.concat(Invariants.cidrs().stream(), configured.stream())
                                .filter(text -> !text.contains(":"))
                                .map(NeverAllowed::parse),
                        own.stream().map(address -> new Ipv4Network(address, 32)))
                .map(network -> new Range(network.base(), network.last()))
                .sorted(Comparator.comparing(Range::first))
                .toList();
        List<Range> merged = new ArrayList<>();
        for (Range range : sorted) {
            if (!merged.isEmpty()
                    && range.first.number() <= merged.getLast().last.number() + 1) {
                Range previous = merged.removeLast();
                merged.add(new Range(
                        previous.first, previous.last.compareTo(range.last) >= 0 ? previous.last : range.last));
            } else {
                merged.add(range);
            }
        }
        return new NeverAllowed(List.copyOf(merged));
    }

    boolean contains(Ipv4 address) {
        return ranges.stream()
                .anyMatch(range -> range.first.compareTo(address) <= 0 && address.compareTo(range.last) <= 0);
    }

    private static Ipv4Network parse(String text) {
        try {
            return Ipv4Network.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "neverAllowed '" + text + "' must be an address or a range: " + e.getMessage(), e);
        }
    }
}
