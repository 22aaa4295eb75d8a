package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a node runs its sandboxes. Two node agents on one machine differ in directories, control group and ids.
 *
 * @param stateDirectory for what survives a reboot: workspaces, logs, exit codes; made with access for root only
 * @param runDirectory an empty directory is made in it that each sandbox mounts its own files at, unseen by others; all
 *     directories on the way must be enterable by everybody
 * @param cgroupParent absolute path in every hierarchy of control groups
 * @param ids the host's ids that sandboxes are mapped to
 * @param runtime program to use in place of the first that is found of crun and runc
 * @param hostRoot what agents see of the host
 * @param logLimitBytes size at which an agent's log is begun anew; 0 for no limit
 * @param confinement what agents are kept from
 */
public record OciSettings(
        Path stateDirectory,
        Path runDirectory,
        String cgroupParent,
        IdRange ids,
        Optional<Path> runtime,
        HostRoot hostRoot,
        long logLimitBytes,
        Confinement confinement) {

    public static OciSettings of(
            Path stateDirectory, Path runDirectory, String cgroupParent, IdRange ids, long logLimitBytes) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                Optional.empty(),
                HostRoot.DEFAULT,
                logLimitBytes,
                Confinement.SHIPPED);
    }

    /** For tests of other barriers, which must hold without those of {@link Confinement#SHIPPED}. */
    OciSettings unconfinedForTests() {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                hostRoot,
                logLimitBytes,
                Confinement.NONE_FOR_TESTS);
    }
}
