package dev.agentcontainers.cli.egress.learn;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import java.util.List;

/**
 * A rule to be.
 *
 * @param risks what should be looked at before it is applied
 */
record LearnedRule(String name, List<String> risks, List<LearnedPeer> to, List<Ports> ports, boolean tls) {
    LearnedRule {
        risks = List.copyOf(risks);
        to = List.copyOf(to);
        ports = List.copyOf(ports);
    }

    /**
     * A destination of it.
     *
     * @param note how it was used
     * @param risks what should be looked at before it is applied
     */
    record LearnedPeer(Target target, String note, List<String> risks) {
        LearnedPeer {
            risks = List.copyOf(risks);
        }
    }

    /** Ports of a protocol that follow each other. */
    record Ports(Protocol protocol, PortRange range) {}

    long risky() {
        return risks.size()
                + to.stream().filter(peer -> !peer.risks().isEmpty()).count();
    }
}
