package dev.agentcontainers.nodeagent.probe;

import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import java.util.Locale;
import java.util.Optional;

/** What is made of a probe's answers. */
public enum ProbeKind {
    /** Until it succeeds the others are not asked; where it fails, the run is stopped. */
    STARTUP,
    /** Whether the agent serves. */
    READINESS,
    /** Where it fails, the run is stopped. */
    LIVENESS;

    Optional<Probe> of(Probes probes) {
        return switch (this) {
            case STARTUP -> probes.startup();
            case READINESS -> probes.readiness();
            case LIVENESS -> probes.liveness();
        };
    }

    /** For people, after "its". */
    String text() {
        return name().toLowerCase(Locale.ROOT) + " probe";
    }

    /** For programs, in CamelCase. */
    String reason(String what) {
        return name().charAt(0) + name().substring(1).toLowerCase(Locale.ROOT) + "Probe" + what;
    }
}
