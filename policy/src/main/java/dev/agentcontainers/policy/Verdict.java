package dev.agentcontainers.policy;

import dev.agentcontainers.policy.rule.Direction;

/**
 * What policy says of a flow. It passes where both of its ends allow it; each decides by itself.
 *
 * @param egress the decision at the source
 * @param ingress the decision at the destination
 */
public record Verdict(Decision egress, Decision ingress) {
    public boolean isAllowed() {
        return egress.isAllowed() && ingress.isAllowed();
    }

    /** The decision of one end. */
    public Decision at(Direction direction) {
        return switch (direction) {
            case EGRESS -> egress;
            case INGRESS -> ingress;
        };
    }
}
