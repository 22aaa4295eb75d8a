package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.box.PortRange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the parts that all kinds of policy share. What can't be read allows nothing and says so. */
final class Reading {
    private Reading() {}

    static Peer block(@Nullable String cidr, @Nullable List<String> except, String field) {
        try {
            if (cidr == null) {
                throw new IllegalArgumentException("cidr is missing");
            }
            return new Peer.Block(
                    Cidr.parse(cidr),
                    except == null
                            ? List.of()
                            : except.stream().map(Cidr::parse).toList());
        } catch (IllegalArgumentException invalid) {
            return new Peer.Unreadable(field + ": " + invalid.getMessage() + "; the peer allows nothing");
        }
    }

    static PortMatch port(Protocol protocol, @Nullable Integer port, @Nullable Integer endPort, String field) {
        try {
            if (port == null) {
                if (endPort != null) {
                    throw new IllegalArgumentException("endPort needs port");
                }
                return new PortMatch.Numbered(protocol, PortRange.ALL);
            }
            return new PortMatch.Numbered(protocol, new PortRange(port, endPort == null ? port : endPort));
        } catch (IllegalArgumentException invalid) {
            return new PortMatch.Unreadable(field + ": " + invalid.getMessage() + "; it matches nothing");
        }
    }
}
