package dev.agentcontainers.policy.box;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The canonical form of a set of flows: for each protocol and family the longest runs of ports that reach the same
 * addresses, and for each run the fewest CIDRs. It depends on the flows alone, not on how they were cut into areas, and
 * no two boxes overlap.
 */
public final class Boxes {
    private Boxes() {}

    /**
     * The canonical boxes of the union of the areas, sorted by protocol, family, port and address.
     *
     * @throws TooManyBoxesException where there would be more than the limit; found out before they are made
     */
    public static List<Allow> canonical(Collection<Area> areas, int limit) throws TooManyBoxesException {
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
                try {
                    addBoxes(protocol, new PortRuns(byPorts, family, limit - boxes.size()).cidrs(), boxes);
                } catch (TooManyBoxesException ofTheRest) {
                    throw new TooManyBoxesException(limit);
                }
            }
        }
        return List.copyOf(boxes);
    }

    private static void addBoxes(Protocol protocol, Map<PortRange, List<Cidr>> runs, List<Allow> boxes) {
        runs.forEach((ports, cidrs) ->
                cidrs.forEach(cidr -> boxes.add(new Allow(cidr.toString(), protocol, ports.first(), ports.last()))));
    }

    /**
     * The same boxes in canonical form.
     *
     * @throws IllegalArgumentException where a box is malformed
     */
    public static List<Allow> canonicalOf(Collection<Allow> boxes) {
        try {
            return canonical(boxes.stream().map(Boxes::area).toList(), Integer.MAX_VALUE);
        } catch (TooManyBoxesException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The flows of the boxes that are in none of the others, in canonical form. */
    public static List<Allow> difference(Collection<Allow> boxes, Collection<Allow> others) {
        List<Area> areas = areas(boxes);
        FlowSet rest = new FlowSet();
        areas.forEach(rest::add);
        areas(others).forEach(rest::remove);
        try {
            return canonical(
                    areas.stream().flatMap(area -> rest.within(area).stream()).toList(), Integer.MAX_VALUE);
        } catch (TooManyBoxesException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The flows of the boxes as a set. */
    public static FlowSet flows(Collection<Allow> boxes) {
        FlowSet flows = new FlowSet();
        areas(boxes).forEach(flows::add);
        return flows;
    }

    private record Ports(Protocol protocol, AddressFamily family, PortRange range) {}

    /** As few as there are different ranges of ports: sets of addresses are made at once. */
    private static List<Area> areas(Collection<Allow> boxes) {
        Map<Ports, List<Cidr>> byPorts = new LinkedHashMap<>();
        for (Allow box : boxes) {
            Cidr cidr = Cidr.parse(box.cidr());
            byPorts.computeIfAbsent(
                            new Ports(box.protocol(), cidr.family(), new PortRange(box.port(), box.endPort())),
                            _ -> new ArrayList<>())
                    .add(cidr);
        }
        List<Area> areas = new ArrayList<>();
        byPorts.forEach((ports, cidrs) ->
                areas.add(new Area(ports.protocol(), ports.range(), AddressRanges.ofFamily(ports.family(), cidrs))));
        return areas;
    }

    private static Area area(Allow box) {
        return new Area(
                box.protocol(), new PortRange(box.port(), box.endPort()), AddressRanges.of(Cidr.parse(box.cidr())));
    }
}
