package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.http.RequestRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Accepts, denies or passes each of its ports at each of its peers. Those of NetworkPolicies, EgressPolicies
 * and inline rules accept.
 *
 * @param peers empty: nothing matches (a policy's missing {@code to} is {@link Peer.Everywhere})
 * @param ports empty: nothing matches (a policy's missing {@code ports} is {@link #ALL_PORTS})
 * @param onlyTls whether it accepts nothing but TLS for the very name that an address was resolved for; only of domains and TCP
 * @param requests the requests of HTTP that it accepts and nothing else, inside TLS where it is only about that and without it
 *     otherwise; empty where it is not about requests. Only of domains and TCP
 * @param budget how much of each agent passes by it
 * @param recorded whether what it lets pass is recorded, rather than counted alone
 * @param quic whether QUIC passes to its domains, which EgressPolicies and inline rules have to say and ClusterNetworkPolicies' do not
 */
public record Rule(
        RuleSource source,
        Action action,
        List<Peer> peers,
        List<PortMatch> ports,
        boolean onlyTls,
        List<RequestRule> requests,
        Optional<RuleBudget> budget,
        boolean recorded,
        boolean quic) {
    /** Of HTTP/3 (RFC 9114, section 3.1). */
    public static final int QUIC_PORT = 443;

    /** What missing {@code ports} mean: every port of TCP, UDP and SCTP. */
    public static final List<PortMatch> ALL_PORTS = Arrays.stream(Protocol.values())
            .<PortMatch>map(protocol -> new PortMatch.Numbered(protocol, PortRange.ALL))
            .toList();

    public Rule {
        peers = List.copyOf(peers);
        ports = List.copyOf(ports);
        requests = List.copyOf(requests);
    }

    /** One that says nothing of what only rules of our own do: everything of it is recorded, and QUIC passes to its domains. */
    public Rule(
            RuleSource source,
            Action action,
            List<Peer> peers,
            List<PortMatch> ports,
            boolean onlyTls,
            List<RequestRule> requests,
            Optional<RuleBudget> budget) {
        this(source, action, peers, ports, onlyTls, requests, budget, true, true);
    }

    /** One without a budget. */
    public Rule(
            RuleSource source,
            Action action,
            List<Peer> peers,
            List<PortMatch> ports,
            boolean onlyTls,
            List<RequestRule> requests) {
        this(source, action, peers, ports, onlyTls, requests, Optional.empty());
    }

    /** One that does not look at what passes. */
    public Rule(RuleSource source, Action action, List<Peer> peers, List<PortMatch> ports) {
        this(source, action, peers, ports, false, List.of());
    }

    /** The same, with what only rules of our own say. */
    Rule with(boolean itsRecorded, boolean itsQuic) {
        return new Rule(source, action, peers, ports, onlyTls, requests, budget, itsRecorded, itsQuic);
    }

    /** Whether a name's flow is of the port that only QUIC is for, and the rule lets none pass. */
    public boolean closesToQuic(Protocol protocol, int port) {
        return !quic && protocol == Protocol.UDP && port == QUIC_PORT;
    }

    /** Whether it accepts some requests of HTTP and nothing else. */
    public boolean onlyHttp() {
        return !requests.isEmpty();
    }

    static Rule accepting(RuleSource source, List<Peer> peers, List<PortMatch> ports) {
        return new Rule(source, Action.ACCEPT, peers, ports);
    }

    /** Whether one of the peers is that party. */
    public boolean concerns(Party party, Endpoints endpoints) {
        return peers.stream().anyMatch(peer -> peer.matches(party, endpoints));
    }

    /** Whether one of the ports is that port of the destination. */
    public boolean hasPort(Protocol protocol, int port, Party destination) {
        return ports.stream().anyMatch(match -> match.matches(protocol, port, destination));
    }

    /**
     * Whether what it accepts at its peers and ports is, or may be, such a request.
     *
     * @param request of HTTP; null where it isn't known what passes
     * @param name that the address was resolved for; null where none is known
     */
    public boolean letsPass(@Nullable HttpRequest request, @Nullable String name) {
        if (request == null) {
            return true;
        }
        if (requests.isEmpty()) {
            return !onlyTls || request.tls();
        }
        return onlyTls == request.tls()
                && name != null
                && requests.stream().anyMatch(rule -> rule.allows(request, name));
    }

    /** What of the rule can't be read, each with its place. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Peer peer : peers) {
            if (peer instanceof Peer.Unreadable(String problem)) {
                problems.add(source.policy() + " " + problem);
            }
        }
        for (PortMatch port : ports) {
            if (port instanceof PortMatch.Unreadable(String problem)) {
                problems.add(source.policy() + " " + problem);
            }
        }
        return problems;
    }
}
