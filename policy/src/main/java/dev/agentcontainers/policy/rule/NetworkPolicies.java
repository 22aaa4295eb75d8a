package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicySpec;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the egress side of NetworkPolicy v1 (networking.k8s.io API reference). Peers that select Pods or namespaces and
 * named ports have no addresses here yet: they allow nothing and are reported.
 */
public final class NetworkPolicies {
    private NetworkPolicies() {}

    /** The policies whose egress side governs agents with these labels in this namespace, sorted by name. */
    public static List<NetworkPolicy> selecting(
            List<NetworkPolicy> policies, String namespace, Map<String, String> labels) {
        return policies.stream()
                .filter(policy -> namespace.equals(policy.getMetadata().getNamespace()))
                .filter(policy -> policy.getSpec() != null && governsEgress(policy.getSpec()))
                // An absent podSelector is read as the empty one, as API servers do since it became optional.
                .filter(policy -> policy.getSpec().getPodSelector() == null
                        || LabelSelectors.matches(policy.getSpec().getPodSelector(), labels))
                .sorted(Comparator.comparing(policy -> policy.getMetadata().getName()))
                .toList();
    }

    /** The name that sources and verdicts use. */
    public static String nameOf(NetworkPolicy policy) {
        return "NetworkPolicy/" + policy.getMetadata().getName();
    }

    /** The egress rules of a policy that governs egress. */
    public static List<Rule> read(NetworkPolicy policy) {
        List<NetworkPolicyEgressRule> rules = policy.getSpec().getEgress();
        if (rules == null) {
            return List.of();
        }
        return Indexed.map(rules, (index, rule) -> {
            String field = "spec.egress[" + index + "]";
            return new Rule(
                    new RuleSource(nameOf(policy), field), peers(rule.getTo(), field), ports(rule.getPorts(), field));
        });
    }

    /** Where policyTypes is absent, Egress is one of them only if there is an egress rule. */
    private static boolean governsEgress(NetworkPolicySpec spec) {
        List<String> types = spec.getPolicyTypes();
        if (types == null || types.isEmpty()) {
            return spec.getEgress() != null && !spec.getEgress().isEmpty();
        }
        return types.contains("Egress");
    }

    private static List<Peer> peers(@Nullable List<NetworkPolicyPeer> peers, String field) {
        if (peers == null || peers.isEmpty()) {
            return List.of(new Peer.Everywhere());
        }
        return Indexed.map(peers, (index, peer) -> peer(peer, field + ".to[" + index + "]"));
    }

    private static Peer peer(NetworkPolicyPeer peer, String field) {
        boolean selects = peer.getPodSelector() != null || peer.getNamespaceSelector() != null;
        if (peer.getIpBlock() != null && !selects) {
            return Reading.block(peer.getIpBlock().getCidr(), peer.getIpBlock().getExcept(), field + ".ipBlock");
        }
        if (selects && peer.getIpBlock() == null) {
            return new Peer.Unresolved(field
                    + ": podSelector and namespaceSelector are not resolved to addresses yet; the peer allows nothing");
        }
        return new Peer.Unresolved(
                field + ": not exactly one of ipBlock and podSelector/namespaceSelector; the peer allows nothing");
    }

    private static List<PortMatch> ports(@Nullable List<NetworkPolicyPort> ports, String field) {
        if (ports == null || ports.isEmpty()) {
            return Rule.ALL_PORTS;
        }
        return Indexed.map(ports, (index, port) -> port(port, field + ".ports[" + index + "]"));
    }

    private static PortMatch port(NetworkPolicyPort port, String field) {
        String name = port.getProtocol() == null ? "TCP" : port.getProtocol();
        Protocol protocol = Arrays.stream(Protocol.values())
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElse(null);
        if (protocol == null) {
            return new PortMatch.Unresolved(
                    field + ".protocol: '" + name + "' is none of TCP, UDP and SCTP; it matches nothing");
        }
        IntOrString number = port.getPort();
        if (number != null && number.getIntVal() == null) {
            return new PortMatch.Unresolved(field + ".port: the name '" + number.getStrVal()
                    + "' stands for no port of an address; it matches nothing");
        }
        return Reading.port(protocol, number == null ? null : number.getIntVal(), port.getEndPort(), field);
    }
}
