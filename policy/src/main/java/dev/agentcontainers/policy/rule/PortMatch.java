package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import org.jspecify.annotations.Nullable;

/** Ports that a rule is about. */
public sealed interface PortMatch {
    /** Whether that port of the destination is one of them. */
    boolean matches(Protocol protocol, int port, Party destination);

    /** Some ports of a protocol. */
    record Numbered(Protocol protocol, PortRange ports) implements PortMatch {
        @Override
        public boolean matches(Protocol otherProtocol, int port, Party destination) {
            return otherProtocol == protocol && ports.contains(port);
        }
    }

    /**
     * The port that the destination has under a name, which can differ from one to the next. What is no agent or Pod has
     * no named ports.
     *
     * @param protocol null: of any protocol
     */
    record Named(String name, @Nullable Protocol protocol) implements PortMatch {
        @Override
        public boolean matches(Protocol otherProtocol, int port, Party destination) {
            return destination.endpoint() instanceof Endpoint.Workload workload
                    && workload.ports().stream()
                            .anyMatch(served ->
                                    isNameOf(served) && served.protocol() == otherProtocol && served.number() == port);
        }

        /** Whether a port is one that is meant where it is served. */
        public boolean isNameOf(ServedPort served) {
            return served.name().equals(name) && (protocol == null || protocol == served.protocol());
        }
    }

    /** A port that can't be read. It matches nothing. */
    record Unreadable(String problem) implements PortMatch {
        @Override
        public boolean matches(Protocol protocol, int port, Party destination) {
            return false;
        }
    }
}
