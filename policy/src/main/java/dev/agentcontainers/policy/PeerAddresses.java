package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.rule.Peer;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Which addresses peers stand for, and which ports the names of ports, among some endpoints. Remembers what it has looked for,
 * because many rules ask the same. Not thread-safe.
 */
final class PeerAddresses {
    private static final Peer EVERY_NODE = new Peer.Nodes(new LabelSelector());

    private final Endpoints endpoints;
    private final Map<Peer, BothFamilies> found = new HashMap<>();
    private final Map<String, List<Area>> named = new HashMap<>();

    PeerAddresses(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /** The addresses of one family that any of the peers stands for. */
    AddressRanges of(List<Peer> peers, AddressFamily family) {
        return AddressRanges.union(
                family, peers.stream().map(peer -> of(peer, family)).toList());
    }

    private AddressRanges of(Peer peer, AddressFamily family) {
        return switch (peer) {
            case Peer.Selected _, Peer.Agents _, Peer.Nodes _ ->
                found.computeIfAbsent(peer, this::addresses).of(family);
            case Peer.Everywhere _, Peer.Block _, Peer.Domain _, Peer.Unreadable _ -> peer.addresses(family);
        };
    }

    /** All addresses of nodes of one family. */
    AddressRanges ofNodes(AddressFamily family) {
        return of(EVERY_NODE, family);
    }

    /** The ports of agents and Pods that have that name, each with the addresses of those that serve it there. */
    List<Area> serving(String portName) {
        return named.computeIfAbsent(portName, this::servedAreas);
    }

    private BothFamilies addresses(Peer peer) {
        return BothFamilies.of(candidates(peer)
                .filter(endpoint -> !endpoint.addresses().isEmpty() && peer.matches(Party.of(endpoint), endpoints))
                .flatMap(endpoint -> endpoint.addresses().stream())
                .toList());
    }

    private Stream<? extends Endpoint> candidates(Peer peer) {
        return switch (peer) {
            case Peer.Nodes _ -> endpoints.nodes().stream();
            case Peer.Agents agents -> endpoints.workloadsIn(agents.namespace()).stream();
            case Peer.Selected selected ->
                switch (selected.namespaces()) {
                    case Peer.Namespaces.Named(String namespace) -> endpoints.workloadsIn(namespace).stream();
                    case Peer.Namespaces.Labelled labelled ->
                        endpoints.namespaces().stream()
                                .filter(namespace -> labelled.matches(namespace, endpoints))
                                .flatMap(namespace -> endpoints.workloadsIn(namespace).stream());
                };
            case Peer.Everywhere _, Peer.Block _, Peer.Domain _, Peer.Unreadable _ -> Stream.empty();
        };
    }

    private List<Area> servedAreas(String portName) {
        Map<Served, List<Cidr>> served = new HashMap<>();
        endpoints.workloads().forEach(workload -> {
            for (ServedPort port : workload.ports()) {
                if (port.name().equals(portName)) {
                    served.computeIfAbsent(new Served(port.protocol(), port.number()), _ -> new ArrayList<>())
                            .addAll(workload.addresses());
                }
            }
        });
        List<Area> areas = new ArrayList<>();
        served.forEach((port, addresses) -> {
            for (AddressFamily family : AddressFamily.values()) {
                areas.add(new Area(
                        port.protocol(),
                        new PortRange(port.number(), port.number()),
                        AddressRanges.ofFamily(family, addresses)));
            }
        });
        return areas;
    }

    private record BothFamilies(AddressRanges ipv4, AddressRanges ipv6) {
        static BothFamilies of(List<Cidr> addresses) {
            return new BothFamilies(
                    AddressRanges.ofFamily(AddressFamily.IPV4, addresses),
                    AddressRanges.ofFamily(AddressFamily.IPV6, addresses));
        }

        AddressRanges of(AddressFamily family) {
            return switch (family) {
                case IPV4 -> ipv4;
                case IPV6 -> ipv6;
            };
        }
    }

    private record Served(Protocol protocol, int number) {}
}
