package dev.agentcontainers.policy.box;

import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The longest runs of ports that reach the same addresses, of one protocol and family. */
final class PortRuns {
    private final AddressFamily family;
    private final List<PortRange> ranges;
    private final List<AddressRanges> addresses;
    private final int limit;
    private final Map<AddressRanges, List<Cidr>> cidrsOf = new HashMap<>();

    PortRuns(Map<PortRange, ? extends Collection<AddressRanges>> byPorts, AddressFamily family, int limit) {
        this.family = family;
        this.limit = limit;
        ranges = List.copyOf(byPorts.keySet());
        addresses = byPorts.values().stream()
                .map(sets -> AddressRanges.union(family, sets))
                .toList();
    }

    /** The runs in ascending order, each with the fewest CIDRs. */
    Map<PortRange, List<Cidr>> cidrs() throws TooManyBoxesException {
        Map<PortRange, List<Cidr>> runs = new LinkedHashMap<>();
        Map<BitSet, AddressRanges> unions = new HashMap<>();
        BitSet active = new BitSet();
        int runStart = PortRange.LOWEST;
        AddressRanges running = AddressRanges.none(family);
        int boxes = 0;
        for (Map.Entry<Integer, BitSet> change : changes().entrySet()) {
            active = (BitSet) active.clone();
            active.xor(change.getValue());
            AddressRanges next = unions.computeIfAbsent(active, this::union);
            if (!running.equals(next)) {
                if (!running.isEmpty()) {
                    List<Cidr> cidrs = cidrsOf.computeIfAbsent(running, AddressRanges::cidrs);
                    boxes += cidrs.size();
                    if (boxes > limit) {
                        throw new TooManyBoxesException(limit);
                    }
                    runs.put(new PortRange(runStart, change.getKey() - 1), cidrs);
                }
                runStart = change.getKey();
                running = next;
            }
        }
        return runs;
    }

    /** By port: the ranges that begin there or have ended before. */
    private TreeMap<Integer, BitSet> changes() {
        TreeMap<Integer, BitSet> changes = new TreeMap<>();
        for (int index = 0; index < ranges.size(); index++) {
            changes.computeIfAbsent(ranges.get(index).first(), _ -> new BitSet())
                    .flip(index);
            changes.computeIfAbsent(ranges.get(index).last() + 1, _ -> new BitSet())
                    .flip(index);
        }
        return changes;
    }

    private AddressRanges union(BitSet members) {
        return AddressRanges.union(
                family, members.stream().mapToObj(addresses::get).toList());
    }
}
