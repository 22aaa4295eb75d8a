package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.AddressFamily;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Area;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The flows that a rule is about, as areas: at the source by addresses of destinations, at the destination by those of sources. */
final class RuleAreas {
    private final PeerAddresses peers;

    RuleAreas(PeerAddresses peers) {
        this.peers = peers;
    }

    /** @param own the ports that the rule's subject serves, which names of ports stand for in rules of ingress */
    List<Area> of(Rule rule, Direction direction, List<ServedPort> own) {
        List<Area> areas = new ArrayList<>();
        Map<Protocol, List<PortRange>> numbered = numbered(rule, direction, own);
        for (AddressFamily family : AddressFamily.values()) {
            AddressRanges addresses = peers.of(rule.peers(), family);
            if (addresses.isEmpty()) {
                continue;
            }
            numbered.forEach((protocol, ports) ->
                    PortRange.merged(ports).forEach(range -> areas.add(new Area(protocol, range, addresses))));
            if (direction == Direction.EGRESS) {
                addNamed(rule, addresses, areas);
            }
        }
        return areas;
    }

    private static Map<Protocol, List<PortRange>> numbered(Rule rule, Direction direction, List<ServedPort> own) {
        Map<Protocol, List<PortRange>> numbered = new EnumMap<>(Protocol.class);
        for (PortMatch match : rule.ports()) {
            switch (match) {
                case PortMatch.Numbered(Protocol protocol, PortRange ports) ->
                    numbered.computeIfAbsent(protocol, _ -> new ArrayList<>()).add(ports);
                case PortMatch.Named name -> {
                    if (direction == Direction.INGRESS) {
                        own.stream()
                                .filter(name::isNameOf)
                                .forEach(port -> numbered.computeIfAbsent(port.protocol(), _ -> new ArrayList<>())
                                        .add(new PortRange(port.number(), port.number())));
                    }
                }
                case PortMatch.Unreadable _ -> {}
            }
        }
        return numbered;
    }

    /** A name stands for the port that each of the destinations has under it. */
    private void addNamed(Rule rule, AddressRanges addresses, List<Area> areas) {
        for (PortMatch match : rule.ports()) {
            if (match instanceof PortMatch.Named name) {
                for (Area serving : peers.serving(name.name())) {
                    if ((name.protocol() == null || name.protocol() == serving.protocol())
                            && serving.addresses().family() == addresses.family()) {
                        areas.add(new Area(
                                serving.protocol(),
                                serving.ports(),
                                serving.addresses().intersection(addresses)));
                    }
                }
            }
        }
    }
}
