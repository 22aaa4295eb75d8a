package dev.agentcontainers.nodeagent.fence;

import java.util.Arrays;
import java.util.Optional;

/** What of a fence stopped a packet. */
public enum Barrier {
    /** The sender has a false source address, or is no agent that the fence knows. */
    SOURCE("source", "the packet's source is not the agent's address"),
    /** Part of no connection that is known. */
    INVALID("invalid", "the packet belongs to no connection that is known"),
    FRAGMENT("fragment", "the packet is a fragment"),
    OPTIONS("options", "the packet has IP options"),
    NAME_SERVER(
            "name-server",
            "at the name server only questions for names and connections to the proxy are allowed, and not too many"),
    /** This node's own addresses, the metadata services' and what else is closed whatever policies say. */
    CLOSED("closed", "no policy opens that address on this node"),
    NOT_UNICAST("not-unicast", "the destination is no single machine"),
    PROTOCOL("protocol", "only TCP, UDP and SCTP can be allowed"),
    /** No rule of the sender's policies allows it. */
    EGRESS("egress", "no rule of the agent's policies allows it"),
    /** No rule of the receiver's policies allows it. */
    INGRESS("ingress", "no ingress rule of the receiving agent's policies allows it"),
    /** Only rules with budgets allow it, and none of them has any left. */
    BUDGET("budget", "the budgets of the rules that allow it are used up"),
    /** As many of its connections are under way as a node lets an agent have. */
    CONNECTIONS("connections", "the agent has as many connections as it may have at a time"),
    /** An agent's address of this node that no agent has. */
    NO_AGENT("no-agent", "no agent has that address"),
    UNKNOWN("unknown", "the fence does not say why");

    private final String id;
    private final String reason;

    Barrier(String id, String reason) {
        this.id = id;
        this.reason = reason;
    }

    /** As records and rules have it. */
    public String id() {
        return id;
    }

    /** For people. */
    public String reason() {
        return reason;
    }

    public static Barrier of(String id) {
        Optional<Barrier> found =
                Arrays.stream(values()).filter(each -> each.id.equals(id)).findFirst();
        return found.orElse(UNKNOWN);
    }
}
