package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Network.Audit;
import dev.agentcontainers.api.v1alpha1.Network.Budget;
import dev.agentcontainers.api.v1alpha1.Network.EgressPeer;
import dev.agentcontainers.api.v1alpha1.Network.EgressPort;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.api.v1alpha1.Network.HttpRequests;
import dev.agentcontainers.api.v1alpha1.Network.Quic;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.http.RequestRule;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads the form of rules that inline rules and EgressPolicies share. */
final class EgressRules {
    private EgressRules() {}

    /**
     * Reads one rule.
     *
     * @param namespace in which a podSelector alone selects
     */
    static Rule read(EgressRule rule, String namespace, RuleSource source) {
        Rule read = withoutBudget(rule, namespace, source);
        Rule limited = rule.budget() == null ? read : withBudget(read, rule.budget());
        return limited.with(rule.audit() != Audit.Denied, rule.quic() == Quic.Allow);
    }

    /** What admission would have refused allows nothing, rather than any amount. */
    private static Rule withBudget(Rule rule, Budget budget) {
        try {
            return new Rule(
                    rule.source(),
                    rule.action(),
                    rule.peers(),
                    rule.ports(),
                    rule.onlyTls(),
                    rule.requests(),
                    Optional.of(RuleBudget.read(budget)));
        } catch (IllegalArgumentException invalid) {
            Peer none = new Peer.Unreadable("%s.budget: %s; the rule allows nothing"
                    .formatted(rule.source().field(), invalid.getMessage()));
            return new Rule(rule.source(), rule.action(), List.of(none), rule.ports(), false, List.of());
        }
    }

    private static Rule withoutBudget(EgressRule rule, String namespace, RuleSource source) {
        List<Peer> peers = peers(rule.to(), namespace, source.field());
        List<PortMatch> ports = ports(rule.ports(), source.field());
        if (rule.http() != null) {
            return ofRequests(rule, rule.http(), peers, ports, source);
        }
        return rule.tls() == null
                ? Rule.accepting(source, peers, ports)
                : new Rule(
                        source,
                        Action.ACCEPT,
                        domains(peers, source.field(), "tls"),
                        streams(ports, source.field(), "tls"),
                        true,
                        List.of());
    }

    /** What admission would have refused allows nothing, rather than any request. */
    private static Rule ofRequests(
            EgressRule rule, List<HttpRequests> http, List<Peer> peers, List<PortMatch> ports, RuleSource source) {
        List<RequestRule> requests = new ArrayList<>();
        List<Peer> problems = new ArrayList<>();
        if (http.isEmpty()) {
            problems.add(new Peer.Unreadable(source.field() + ".http: is empty; the rule allows nothing"));
        } else {
            for (int index = 0; index < http.size(); index++) {
                try {
                    requests.add(requestRule(http.get(index)));
                } catch (IllegalArgumentException invalid) {
                    problems.add(new Peer.Unreadable("%s.http[%d]: %s; it allows nothing"
                            .formatted(source.field(), index, invalid.getMessage())));
                }
            }
        }
        List<Peer> all = new ArrayList<>(requests.isEmpty() ? List.of() : domains(peers, source.field(), "http"));
        all.addAll(problems);
        return new Rule(
                source, Action.ACCEPT, all, streams(ports, source.field(), "http"), rule.tls() != null, requests);
    }

    private static RequestRule requestRule(HttpRequests entry) {
        @Nullable List<String> hosts = entry.hosts();
        return RequestRule.of(
                entry.methods(),
                entry.paths(),
                hosts == null
                        ? null
                        : hosts.stream()
                                .map(host -> DomainName.parse(host).toString())
                                .toList(),
                entry.webSocket());
    }

    /** Those of a rule that looks at what passes: what admission would have refused allows nothing, rather than anything else. */
    private static List<Peer> domains(List<Peer> peers, String field, String what) {
        return Indexed.map(peers, (index, peer) -> switch (peer) {
            case Peer.Domain _, Peer.Unreadable _ -> peer;
            case Peer.Everywhere _, Peer.Block _, Peer.Selected _, Peer.Agents _, Peer.Nodes _ ->
                new Peer.Unreadable("%s.to[%d]: the rule has %s, which is for domains; the peer allows nothing"
                        .formatted(field, index, what));
        });
    }

    private static List<PortMatch> streams(List<PortMatch> ports, String field, String what) {
        return Indexed.map(
                ports,
                (index, port) ->
                        port instanceof PortMatch.Numbered(Protocol protocol, var _) && protocol != Protocol.TCP
                                ? new PortMatch.Unreadable(
                                        "%s.ports[%d]: the rule has %s, which is for TCP; the port matches nothing"
                                                .formatted(field, index, what))
                                : port);
    }

    /** Unlike in a NetworkPolicy an absent {@code to} allows nothing: the schema requires it. */
    private static List<Peer> peers(@Nullable List<EgressPeer> peers, String namespace, String field) {
        if (peers == null) {
            return List.of();
        }
        return Indexed.map(peers, (index, peer) -> peer(peer, namespace, field + ".to[" + index + "]"));
    }

    private static Peer peer(EgressPeer peer, String namespace, String field) {
        boolean selects = peer.podSelector() != null || peer.namespaceSelector() != null;
        if (peer.ipBlock() != null && peer.domain() == null && !selects) {
            return Reading.block(peer.ipBlock().cidr(), peer.ipBlock().except(), field + ".ipBlock");
        }
        if (peer.domain() != null && peer.ipBlock() == null && !selects) {
            return domain(peer.domain(), field + ".domain");
        }
        if (selects && peer.ipBlock() == null && peer.domain() == null) {
            return new Peer.Selected(
                    peer.namespaceSelector() == null
                            ? new Peer.Namespaces.Named(namespace)
                            : new Peer.Namespaces.Labelled(peer.namespaceSelector()),
                    peer.podSelector() == null ? new LabelSelector() : peer.podSelector());
        }
        return new Peer.Unreadable(
                field + ": not exactly one of the kinds of peer that are known here; it allows nothing");
    }

    private static Peer domain(String domain, String field) {
        try {
            return new Peer.Domain(DomainName.parse(domain));
        } catch (IllegalArgumentException invalid) {
            return new Peer.Unreadable(field + ": " + invalid.getMessage() + "; the peer allows nothing");
        }
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
