package dev.agentcontainers.api.v1alpha1;

/** What drivers report to be able to do beyond cpu, memory and pids: names in an AgentNode's {@code status.drivers[].features}. */
public final class DriverFeature {
    /** Limits what an agent writes to disk. */
    public static final String EPHEMERAL_STORAGE = "ephemeral-storage";

    /** Runs the node's own programs: agents without {@code spec.image}. */
    public static final String HOST_ROOT = "host-root";

    /** Runs images: agents with {@code spec.image}. */
    public static final String IMAGE = "image";

    private DriverFeature() {}
}
