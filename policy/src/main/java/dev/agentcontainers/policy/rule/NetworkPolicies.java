package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads NetworkPolicy v1 (networking.k8s.io API reference). */
public final class NetworkPolicies {
    private NetworkPolicies() {}

    /** The policy, whose namespace has to be known. One without spec governs nothing. */
    public static Policy read(NetworkPolicy policy) {
        NetworkPolicySpec spec = policy.getSpec();
        String namespace = policy.getMetadata().getNamespace();
        Map<Direction, List<Rule>> rules = new EnumMap<>(Direction.class);
        if (spec != null) {
            for (Direction direction : Direction.values()) {
                if (governs(spec, direction)) {
                    rules.put(direction, rules(policy, direction));
                }
            }
        }
        LabelSelector subject = spec == null ? new LabelSelector() : subject(spec);
        return new Policy(
                nameOf(policy),
                Tier.NETWORK_POLICY,
                0,
                new Peer.Selected(new Peer.Namespaces.Named(namespace), subject),
                rules);
    }

    /** The rules of one direction, whether the policy governs it or not. */
    private static List<Rule> rules(NetworkPolicy policy, Direction direction) {
        String namespace = policy.getMetadata().getNamespace();
        return switch (direction) {
            case INGRESS ->
                Indexed.map(
                        orEmpty(policy.getSpec().getIngress()),
                        (index, rule) ->
                                rule(policy, direction, index, peers(rule.getFrom(), namespace), rule.getPorts()));
            case EGRESS ->
                Indexed.map(
                        orEmpty(policy.getSpec().getEgress()),
                        (index, rule) ->
                                rule(policy, direction, index, peers(rule.getTo(), namespace), rule.getPorts()));
        };
    }

    /** The name that sources and verdicts use. */
    public static String nameOf(NetworkPolicy policy) {
        return nameOf(policy.getMetadata().getName());
    }

    /** The same of a policy that has that name. */
    public static String nameOf(String name) {
        return "NetworkPolicy/" + name;
    }

    /** Where policyTypes is absent, Ingress is one of them always, and Egress only if there is an egress rule. */
    private static boolean governs(NetworkPolicySpec spec, Direction direction) {
        List<String> types = spec.getPolicyTypes();
        if (types == null || types.isEmpty()) {
            return direction == Direction.INGRESS
                    || (spec.getEgress() != null && !spec.getEgress().isEmpty());
        }
        return types.contains(direction.policyType());
    }

    /** An absent podSelector is read as the empty one, as API servers do since it became optional. */
    private static LabelSelector subject(NetworkPolicySpec spec) {
        return spec.getPodSelector() == null ? new LabelSelector() : spec.getPodSelector();
    }

    private interface PeersAt {
        List<Peer> in(String field);
    }

    private static Rule rule(
            NetworkPolicy policy,
            Direction direction,
            int index,
            PeersAt peers,
            @Nullable List<NetworkPolicyPort> ports) {
        String field = "spec.%s[%d]".formatted(direction.rulesField(), index);
        return Rule.accepting(
                new RuleSource(nameOf(policy), field),
                peers.in(field + "." + direction.peersField()),
                ports(ports, field + ".ports"));
    }

    private static PeersAt peers(@Nullable List<NetworkPolicyPeer> peers, String namespace) {
        if (peers == null || peers.isEmpty()) {
            return _ -> List.of(new Peer.Everywhere());
        }
        return field -> Indexed.map(peers, (index, peer) -> peer(peer, namespace, field + "[" + index + "]"));
    }

    private static Peer peer(NetworkPolicyPeer peer, String namespace, String field) {
        boolean selects = peer.getPodSelector() != null || peer.getNamespaceSelector() != null;
        if (peer.getIpBlock() != null && !selects) {
            return Reading.block(peer.getIpBlock().getCidr(), peer.getIpBlock().getExcept(), field + ".ipBlock");
        }
        if (selects && peer.getIpBlock() == null) {
            return new Peer.Selected(
                    peer.getNamespaceSelector() == null
                            ? new Peer.Namespaces.Named(namespace)
                            : new Peer.Namespaces.Labelled(peer.getNamespaceSelector()),
                    peer.getPodSelector() == null ? new LabelSelector() : peer.getPodSelector());
        }
        return new Peer.Unreadable(
                field + ": not exactly one of ipBlock and podSelector/namespaceSelector; the peer allows nothing");
    }

    private static List<PortMatch> ports(@Nullable List<NetworkPolicyPort> ports, String field) {
        if (ports == null || ports.isEmpty()) {
            return Rule.ALL_PORTS;
        }
        return Indexed.map(ports, (index, port) -> port(port, field + "[" + index + "]"));
    }

    private static PortMatch port(NetworkPolicyPort port, String field) {
        String name = port.getProtocol() == null ? "TCP" : port.getProtocol();
        Protocol protocol = Arrays.stream(Protocol.values())
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElse(null);
        if (protocol == null) {
            return new PortMatch.Unreadable(
                    field + ".protocol: '" + name + "' is none of TCP, UDP and SCTP; it matches nothing");
        }
        IntOrString number = port.getPort();
        if (number != null && number.getIntVal() == null) {
            return port.getEndPort() == null
                    ? new PortMatch.Named(number.getStrVal(), protocol)
                    : new PortMatch.Unreadable(field + ".endPort: port '" + number.getStrVal()
                            + "' is a name, which begins no range; it matches nothing");
        }
        return Reading.port(protocol, number == null ? null : number.getIntVal(), port.getEndPort(), field);
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
