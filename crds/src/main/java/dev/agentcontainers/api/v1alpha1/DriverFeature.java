package dev.agentcontainers.api.v1alpha1;

/** What drivers report to be able to do beyond cpu, memory and pids: names in an AgentNode's {@code status.drivers[].features}. */
public final class DriverFeature {
    /** Limits what an agent writes to disk. */
    public static final String EPHEMERAL_STORAGE = "ephemeral-storage";

    /** Runs the node's own programs: agents without {@code spec.image}. */
    public static final String HOST_ROOT = "host-root";

    /** Runs images: agents with {@code spec.image}. */
    public static final String IMAGE = "image";

    /** Limits how fast an agent reads from disks. */
    public static final String DISK_READ_RATE = "disk-read-rate";

    /** Limits how fast an agent writes to disks. */
    public static final String DISK_WRITE_RATE = "disk-write-rate";

    /** Its agents' interface is one at which the node limits how fast they send. */
    public static final String NETWORK_EGRESS_RATE = "network-egress-rate";

    /** The same of how fast they receive. */
    public static final String NETWORK_INGRESS_RATE = "network-ingress-rate";

    /** Gives agents a session: agents with {@code spec.session}. */
    public static final String SESSION = "session";

    /** Gives such agents a display: agents with {@code spec.session.display}. */
    public static final String DISPLAY = "display";

    /** Leaves agents unstarted while they are suspended: agents with {@code spec.lifecycle.suspended}. */
    public static final String SUSPENSION = "suspension";

    private DriverFeature() {}
}
