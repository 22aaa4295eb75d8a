package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import java.nio.file.Path;
import java.util.List;

/**
 * How the driver works on its machine. Two node agents on one machine differ in directories, cgroup parent and ids.
 *
 * @param stateDirectory for workspaces, logs and exit codes; survives a reboot
 * @param runDirectory for bundles, which hold secrets: in memory, or a tmpfs is mounted there
 * @param cgroupParent name of the control group that holds the sandboxes
 * @param firstUserId first of the host's user and group ids that sandboxes are mapped to
 * @param userIdCount how many from there; each sandbox takes 65,536
 * @param logLimitBytes size at which conmon begins a log anew
 * @param shown host paths that agents see
 * @param confinement what the processes of a sandbox may do; only tests choose another than {@link Confinement#AGENT}
 */
public record OciSettings(
        Path stateDirectory,
        Path runDirectory,
        String cgroupParent,
        long firstUserId,
        long userIdCount,
        long logLimitBytes,
        List<String> shown,
        Confinement confinement) {
    public OciSettings {
        shown = List.copyOf(shown);
    }

    /** What the processes of a sandbox may do beyond its namespaces. */
    enum Confinement {
        /** No capability, no new privileges, the seccomp profile. */
        AGENT,
        /** Every capability inside the sandbox's own user namespace, no seccomp: for tests of what stands outside. */
        HOSTILE_TEST
    }

    /** With what agents are confined with. */
    public static OciSettings of(
            Path stateDirectory,
            Path runDirectory,
            String cgroupParent,
            long firstUserId,
            long userIdCount,
            long logLimitBytes) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                firstUserId,
                userIdCount,
                logLimitBytes,
                HostRoot.SHOWN,
                Confinement.AGENT);
    }
}
