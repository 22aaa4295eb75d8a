package dev.agentcontainers.nodeagent.sandbox;

import java.util.Optional;

/** The probes of an agent. Immutable. */
public record Probes(Optional<Probe> startup, Optional<Probe> readiness, Optional<Probe> liveness) {
    public static final Probes NONE = new Probes(Optional.empty(), Optional.empty(), Optional.empty());

    public boolean any() {
        return !equals(NONE);
    }
}
