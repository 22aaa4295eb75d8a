package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Allows each of its ports at each of its peers.
 *
 * @param peers empty: nothing is allowed (a policy's missing {@code to} is {@link Peer.Everywhere})
 * @param ports empty: nothing is allowed (a policy's missing {@code ports} is {@link #ALL_PORTS})
 */
public record Rule(RuleSource source, List<Peer> peers, List<PortMatch> ports) {
    /** What missing {@code ports} mean: every port of TCP, UDP and SCTP. */
    public static final List<PortMatch> ALL_PORTS = Arrays.stream(Protocol.values())
            .<PortMatch>map(protocol -> new PortMatch.Numbered(protocol, PortRange.ALL))
            .toList();

    public Rule {
        peers = List.copyOf(peers);
        ports = List.copyOf(ports);
    }

    /** What of the rule allows nothing although its author may have meant it to. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Peer peer : peers) {
            if (peer instanceof Peer.Unresolved(String problem)) {
                problems.add(source.policy() + " " + problem);
            }
        }
        for (PortMatch port : ports) {
            if (port instanceof PortMatch.Unresolved(String problem)) {
                problems.add(source.policy() + " " + problem);
            }
        }
        return problems;
    }
}
