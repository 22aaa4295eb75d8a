package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;

/** Takes what was decided, and never waits. */
public interface Decisions {
    void add(NameDecision decision);
}
