package dev.agentcontainers.nodeagent.driver;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import java.util.List;

/** What a driver found out about this machine. */
public sealed interface DriverProbe {
    /**
     * Agents can be run.
     *
     * @param version name and version of what the driver drives, for example {@code crun 1.8.1}
     * @param features what it can enforce here beyond cpu, memory and pids, for example {@code ephemeral-storage}
     * @param notes limits that an administrator should know
     */
    record Ready(String version, IsolationLevel strength, List<String> features, List<String> notes)
            implements DriverProbe {}

    /** Agents can't be run; {@code reason} says what is missing and how to get it. */
    record NotReady(String reason) implements DriverProbe {}
}
