package dev.agentcontainers.policy.rule;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.PortRange;

/** Ports that a rule allows. */
public sealed interface PortMatch {
    boolean matches(Protocol protocol, int port);

    /** Some ports of a protocol. */
    record Numbered(Protocol protocol, PortRange ports) implements PortMatch {
        @Override
        public boolean matches(Protocol otherProtocol, int port) {
            return otherProtocol == protocol && ports.contains(port);
        }
    }

    /**
     * A port that only its destination can tell the number of, or one that can't be read. Addresses have no named
     * ports, so it matches nothing here.
     */
    record Unresolved(String problem) implements PortMatch {
        @Override
        public boolean matches(Protocol protocol, int port) {
            return false;
        }
    }
}
