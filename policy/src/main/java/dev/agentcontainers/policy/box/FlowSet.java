package dev.agentcontainers.policy.box;

import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/** A set of flows to which areas are added and from which they are taken: which addresses go with which port. Mutable. */
public final class FlowSet {
    private record Plane(Protocol protocol, AddressFamily family) {}

    /** For each plane the addresses from a port up to before the next one that stands there. */
    private final Map<Plane, NavigableMap<Integer, AddressRanges>> planes = new HashMap<>();

    /** The empty set. */
    public FlowSet() {
        for (Protocol protocol : Protocol.values()) {
            for (AddressFamily family : AddressFamily.values()) {
                NavigableMap<Integer, AddressRanges> ports = new TreeMap<>();
                ports.put(PortRange.LOWEST, AddressRanges.none(family));
                planes.put(new Plane(protocol, family), ports);
            }
        }
    }

    public void add(Area area) {
        change(area, (present, added) -> AddressRanges.union(added.family(), List.of(present, added)));
    }

    public void remove(Area area) {
        change(area, AddressRanges::minus);
    }

    /** @param address one address */
    public boolean holds(Protocol protocol, Cidr address, int port) {
        return port >= PortRange.LOWEST
                && port <= PortRange.HIGHEST
                && !within(new Area(protocol, new PortRange(port, port), AddressRanges.of(address)))
                        .isEmpty();
    }

    /** All of the set, as areas that do not overlap. */
    public List<Area> areas() {
        List<Area> areas = new ArrayList<>();
        for (Protocol protocol : Protocol.values()) {
            for (AddressFamily family : AddressFamily.values()) {
                areas.addAll(within(new Area(protocol, PortRange.ALL, AddressRanges.everywhere(family))));
            }
        }
        return areas;
    }

    /** The part of the area that is in the set. */
    public List<Area> within(Area area) {
        List<Area> parts = new ArrayList<>();
        NavigableMap<Integer, AddressRanges> ports = ports(area);
        Map.@Nullable Entry<Integer, AddressRanges> run =
                ports.floorEntry(area.ports().first());
        while (run != null && run.getKey() <= area.ports().last()) {
            Map.@Nullable Entry<Integer, AddressRanges> next = ports.higherEntry(run.getKey());
            AddressRanges both = run.getValue().intersection(area.addresses());
            if (!both.isEmpty()) {
                int first = Math.max(run.getKey(), area.ports().first());
                int last = Math.min(
                        next == null ? PortRange.HIGHEST : next.getKey() - 1,
                        area.ports().last());
                parts.add(new Area(area.protocol(), new PortRange(first, last), both));
            }
            run = next;
        }
        return parts;
    }

    private void change(Area area, BinaryOperator<AddressRanges> operation) {
        NavigableMap<Integer, AddressRanges> ports = ports(area);
        cut(ports, area.ports().first());
        cut(ports, area.ports().last() + 1);
        for (Map.Entry<Integer, AddressRanges> run : ports.subMap(
                        area.ports().first(), true, area.ports().last(), true)
                .entrySet()) {
            run.setValue(operation.apply(run.getValue(), area.addresses()));
        }
    }

    private static void cut(NavigableMap<Integer, AddressRanges> ports, int port) {
        if (port <= PortRange.HIGHEST) {
            ports.putIfAbsent(
                    port, Objects.requireNonNull(ports.floorEntry(port)).getValue());
        }
    }

    private NavigableMap<Integer, AddressRanges> ports(Area area) {
        return Objects.requireNonNull(
                planes.get(new Plane(area.protocol(), area.addresses().family())));
    }
}
