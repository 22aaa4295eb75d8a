package dev.agentcontainers.policy.box;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The canonical form of a set of flows: for each protocol and family the longest runs of ports that reach the same
 * addresses, and for each run the fewest CIDRs. It depends on the flows alone, not on how they were cut into areas, and
 * no two boxes overlap.
 */
public final class Boxes {
    private Boxes() {}

    /** The canonical boxes of the union of the areas, sorted by protocol, family, port and address. */
    public static List<Allow> canonical(Collection<Area> areas) {
        List<Allow> boxes = new ArrayList<>();
        for (Protocol protocol : Protocol.values()) {
            for (AddressFamily family : AddressFamily.values()) {
                Map<PortRange, List<AddressRanges>> byPorts = new LinkedHashMap<>();
                for (Area area : areas) {
                    if (area.protocol() == protocol
                            && area.addresses().family() == family
                            && !area.addresses().isEmpty()) {
                        byPorts.computeIfAbsent(area.ports(), _ -> new ArrayList<>())
                                .add(area.addresses());
                    }
                }
                runs(byPorts, family)
                        .forEach((ports, addresses) -> addresses
                                .cidrs()
                                .forEach(cidr ->
                                        boxes.add(new Allow(cidr.toString(), protocol, ports.first(), ports.last()))));
            }
        }
        return List.copyOf(boxes);
    }

    /**
     * The same boxes in canonical form.
     *
     * @throws IllegalArgumentException where a box is malformed
     */
    public static List<Allow> canonicalOf(Collection<Allow> boxes) {
        return canonical(boxes.stream().map(Boxes::area).toList());
    }

    private static Area area(Allow box) {
        return new Area(
                box.protocol(), new PortRange(box.port(), box.endPort()), AddressRanges.of(Cidr.parse(box.cidr())));
    }

    /** Cuts overlapping port ranges at each other's ends and joins neighbours that reach the same addresses. */
    private static Map<PortRange, AddressRanges> runs(
            Map<PortRange, List<AddressRanges>> byPorts, AddressFamily family) {
        List<PortRange> ranges = List.copyOf(byPorts.keySet());
        List<AddressRanges> addresses = byPorts.values().stream()
                .map(sets -> AddressRanges.union(family, sets))
                .toList();
        TreeMap<Integer, BitSet> changes = new TreeMap<>();
        for (int index = 0; index < ranges.size(); index++) {
            changes.computeIfAbsent(ranges.get(index).first(), _ -> new BitSet())
                    .flip(index);
            changes.computeIfAbsent(ranges.get(index).last() + 1, _ -> new BitSet())
                    .flip(index);
        }

        var runs = new LinkedHashMap<PortRange, AddressRanges>();
        var unions = new HashMap<BitSet, AddressRanges>();
        BitSet active = new BitSet();
        int runStart = PortRange.LOWEST;
        AddressRanges running = AddressRanges.none(family);
        for (Map.Entry<Integer, BitSet> change : changes.entrySet()) {
            active = (BitSet) active.clone();
            active.xor(change.getValue());
            AddressRanges next = unions.computeIfAbsent(active, members -> union(members, addresses, family));
            if (!running.equals(next)) {
                if (!running.isEmpty()) {
                    runs.put(new PortRange(runStart, change.getKey() - 1), running);
                }
                runStart = change.getKey();
                running = next;
            }
        }
        return runs;
    }

    private static AddressRanges union(BitSet members, List<AddressRanges> addresses, AddressFamily family) {
        return AddressRanges.union(
                family, members.stream().mapToObj(addresses::get).toList());
    }
}
