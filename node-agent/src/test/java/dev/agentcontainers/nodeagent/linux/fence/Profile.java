package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.UnconfinedDriver;

/** How an agent is confined by its driver. */
enum Profile {
    /** As users' agents are. */
    SHIPPED,

    /** With every capability inside its own user namespace and no system call filter: only the fence is left. */
    ALL_CAPABILITIES;

    IsolationDriver driver(OciSettings settings) {
        return switch (this) {
            case SHIPPED -> OciDriver.process(settings);
            case ALL_CAPABILITIES -> UnconfinedDriver.of(settings);
        };
    }
}
