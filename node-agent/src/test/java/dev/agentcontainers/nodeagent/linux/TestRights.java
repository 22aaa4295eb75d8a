package dev.agentcontainers.nodeagent.linux;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import java.io.IOException;

/**
 * What the process of the tests may do: as root of the machine, or, where the property {@code agentcontainers.test.rootless} says so, as
 * root of namespaces of an ordinary user's.
 */
public final class TestRights {
    private static final boolean ROOTLESS = Boolean.getBoolean("agentcontainers.test.rootless");

    private TestRights() {}

    public static OciSettings limit(OciSettings settings) {
        return ROOTLESS ? settings.asRootless() : settings;
    }

    public static LinuxFenceSettings limit(LinuxFenceSettings settings) {
        return ROOTLESS ? settings.unguarded() : settings;
    }

    /** Skips what is about the packet program that keeps agents from the host's own addresses, which only the machine's root may load. */
    public static void assumeGuarded() {
        assumeFalse(ROOTLESS, "needs root of the machine, to load a packet program");
    }

    public static Hierarchies hierarchies() throws IOException {
        return ROOTLESS ? Hierarchies.NONE : Hierarchies.of(MountTable.ofThisThread());
    }
}
