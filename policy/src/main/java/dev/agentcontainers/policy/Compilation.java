package dev.agentcontainers.policy;

import dev.agentcontainers.policy.rule.Peer;
import dev.agentcontainers.policy.rule.PortMatch;
import dev.agentcontainers.policy.rule.Rule;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A ruleset and what of the endpoints it was made from. It changes with the policies that govern its subject, with the addresses
 * of nodes, and with these.
 */
public record Compilation(CompiledPolicy policy, Dependencies dependencies) {
    /**
     * The endpoints that a ruleset depends on.
     *
     * @param selections agents and Pods whose addresses are in it, with the ports that they serve
     * @param portNames names of ports that stand for the ports of whoever serves them, selected or not
     */
    public record Dependencies(Set<Peer.Selected> selections, Set<String> portNames) {
        public Dependencies {
            selections = Set.copyOf(selections);
            portNames = Set.copyOf(portNames);
        }
    }

    static Dependencies dependencies(DirectedPolicy sending, DirectedPolicy receiving) {
        Set<Peer.Selected> selections = new HashSet<>();
        for (Rule rule : Stream.concat(sending.rules(), receiving.rules()).toList()) {
            for (Peer peer : rule.peers()) {
                if (peer instanceof Peer.Selected selected) {
                    selections.add(selected);
                }
            }
        }
        Set<String> portNames = new HashSet<>();
        // Names in rules of ingress stand for ports of the subject itself.
        sending.rules().filter(Compilation::isAboutAddresses).forEach(rule -> addNames(rule.ports(), portNames));
        return new Dependencies(selections, portNames);
    }

    /** Whether peers of the rule are whoever has some address. */
    private static boolean isAboutAddresses(Rule rule) {
        return rule.peers().stream().anyMatch(peer -> switch (peer) {
            case Peer.Everywhere _, Peer.Block _ -> true;
            case Peer.Selected _, Peer.Agents _, Peer.Nodes _, Peer.Domain _, Peer.Unreadable _ -> false;
        });
    }

    private static void addNames(List<PortMatch> ports, Set<String> names) {
        for (PortMatch port : ports) {
            if (port instanceof PortMatch.Named named) {
                names.add(named.name());
            }
        }
    }
}
