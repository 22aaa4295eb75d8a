package dev.agentcontainers.cli.record;

import java.util.Optional;

/**
 * A look at a connection of an agent that may be TLS only.
 *
 * @param serverName that it named
 * @param verdict as the record has it, for example {@code passed} or {@code other-name}
 */
public record RecordedLook(AgentName agent, String address, int port, Optional<String> serverName, String verdict) {
    public boolean hasPassed() {
        return verdict.equals("passed");
    }
}
