package dev.agentcontainers.policy.clusternetworkpolicy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads the ports of a rule. */
final class Protocols {
    private static final String NAMED_PORT = "destinationNamedPort";

    private Protocols() {}

    /** Absent {@code protocols} stand for every port. */
    static List<PortMatch> ports(Fields rule) throws UnreadableException {
        if (!rule.has("protocols")) {
            return Rule.ALL_PORTS;
        }
        List<PortMatch> ports = new ArrayList<>();
        for (Fields.Item item : rule.items("protocols")) {
            ports.add(port(Fields.ofOne(item.value(), item.place(), Set.of("tcp", "udp", "sctp", NAMED_PORT))));
        }
        return ports;
    }

    private static PortMatch port(Fields protocol) throws UnreadableException {
        String kind = protocol.names().iterator().next();
        if (kind.equals(NAMED_PORT)) {
            return new PortMatch.Named(protocol.text(NAMED_PORT), null);
        }
        Fields attributes = Fields.ofOne(protocol.value(kind), protocol.place(kind), Set.of("destinationPort"));
        String place = attributes.place("destinationPort");
        Fields port = Fields.ofOne(attributes.value("destinationPort"), place, Set.of("number", "range"));
        try {
            return new PortMatch.Numbered(Protocol.valueOf(kind.toUpperCase(Locale.ROOT)), range(port));
        } catch (IllegalArgumentException invalid) {
            throw new UnreadableException(place, String.valueOf(invalid.getMessage()));
        }
    }

    private static PortRange range(Fields port) throws UnreadableException {
        if (port.has("number")) {
            return new PortRange(port.number("number"), port.number("number"));
        }
        Fields range = Fields.of(port.value("range"), port.place("range"), Set.of("start", "end"));
        return new PortRange(range.number("start"), range.number("end"));
    }
}
