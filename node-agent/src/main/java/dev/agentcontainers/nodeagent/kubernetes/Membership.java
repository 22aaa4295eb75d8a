package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeSpec;
import java.util.Optional;

/**
 * What a node needs to know of its AgentNode to do its work.
 *
 * @param uid the AgentNode's
 * @param namespace the node's own
 * @param agentCidr range of its agents' addresses
 * @param sharePercent how much of the machine agents may use
 */
public record Membership(String nodeName, String uid, String namespace, String agentCidr, int sharePercent) {
    private static final int DEFAULT_SHARE = 80;

    /** True where agents that run under the other need not be told apart from those that run under this. */
    public boolean isSameNodeAs(Membership other) {
        return namespace.equals(other.namespace) && agentCidr.equals(other.agentCidr);
    }

    /** Empty while the operator has not given the node its namespace and its range. */
    static Optional<Membership> of(AgentNode node) {
        AgentNodeSpec spec = node.getSpec();
        if (missing(node).isPresent()) {
            return Optional.empty();
        }
        return Optional.of(new Membership(
                node.getMetadata().getName(),
                node.getMetadata().getUid(),
                node.getStatus().namespace(),
                spec.agentCIDR(),
                spec.sharePercent() == null ? DEFAULT_SHARE : spec.sharePercent()));
    }

    /** The field that the operator has not set yet. */
    static Optional<String> missing(AgentNode node) {
        if (node.getStatus() == null || node.getStatus().namespace() == null) {
            return Optional.of("status.namespace");
        }
        return node.getSpec() == null || node.getSpec().agentCIDR() == null
                ? Optional.of("spec.agentCIDR")
                : Optional.empty();
    }
}
