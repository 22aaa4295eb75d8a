package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Network.EgressPeer;
import dev.agentcontainers.api.v1alpha1.Network.EgressPort;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code spec.network.egress} of an AgentContainer. */
public final class InlineRules {
    private InlineRules() {}

    public static List<Rule> read(List<EgressRule> rules) {
        return rules.stream().map(InlineRules::rule).toList();
    }

    private static Rule rule(EgressRule rule) {
        String field = "spec.network.egress[" + rule.name() + "]";
        return Rule.accepting(
                new RuleSource("inline/" + rule.name(), field), peers(rule.to(), field), ports(rule.ports(), field));
    }

    /** Unlike in a NetworkPolicy an absent {@code to} allows nothing: the schema requires it. */
    private static List<Peer> peers(@Nullable List<EgressPeer> peers, String field) {
        if (peers == null) {
            return List.of();
        }
        return Indexed.map(peers, (index, peer) -> {
            String place = field + ".to[" + index + "]";
            return peer.ipBlock() == null
                    ? new Peer.Unreadable(place + ": the kind of peer is not known here; it allows nothing")
                    : Reading.block(peer.ipBlock().cidr(), peer.ipBlock().except(), place + ".ipBlock");
        });
    }

    private static List<PortMatch> ports(@Nullable List<EgressPort> ports, String field) {
        if (ports == null || ports.isEmpty()) {
            return Rule.ALL_PORTS;
        }
        return Indexed.map(
                ports,
                (index, port) -> Reading.port(
                        port.protocol() == null ? Protocol.TCP : port.protocol(),
                        port.port(),
                        port.endPort(),
                        field + ".ports[" + index + "]"));
    }
}
