package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a node runs its sandboxes. Two node agents on one machine differ in directories, control group and ids.
 *
 * @param stateDirectory for what survives a reboot: workspaces, logs, exit codes; made with access for root only
 * @param runDirectory an empty directory is made in it that each sandbox mounts its own files at, unseen by others; all
 *     directories on the way must be enterable by everybody
 * @param cgroupParent absolute path in every hierarchy of control groups
 * @param ids the host's ids that sandboxes are mapped to
 * @param runtime program to use in place of the first that is found of crun and runc
 * @param gvisor how the driver gvisor runs it
 * @param microVm how the driver microvm runs its machines
 * @param hostRoot what agents see of the host
 * @param logLimitBytes size at which an agent's log is begun anew; 0 for no limit
 * @param unaskedStorage bytes that the workspaces of an agent without a limit may take; empty for the whole disk
 * @param confinement what agents are kept from
 * @param patience how long one step of the runtime or the shim may take
 * @param rootless whether this process is root of namespaces of an ordinary user's only: no part in control groups, no loop devices
 */
public record OciSettings(
        Path stateDirectory,
        Path runDirectory,
        String cgroupParent,
        IdRange ids,
        Optional<Path> runtime,
        GvisorSettings gvisor,
        MicroVmSettings microVm,
        HostRoot hostRoot,
        long logLimitBytes,
        OptionalLong unaskedStorage,
        Confinement confinement,
        Duration patience,
        boolean rootless) {
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    public static OciSettings of(
            Path stateDirectory, Path runDirectory, String cgroupParent, IdRange ids, long logLimitBytes) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                Optional.empty(),
                GvisorSettings.DEFAULT,
                MicroVmSettings.DEFAULT,
                HostRoot.DEFAULT,
                logLimitBytes,
                OptionalLong.empty(),
                Confinement.SHIPPED,
                PATIENCE,
                false);
    }

    public OciSettings withHostRoot(HostRoot other) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                gvisor,
                microVm,
                other,
                logLimitBytes,
                unaskedStorage,
                confinement,
                patience,
                rootless);
    }

    public OciSettings withUnaskedStorage(OptionalLong bytes) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                gvisor,
                microVm,
                hostRoot,
                logLimitBytes,
                bytes,
                confinement,
                patience,
                rootless);
    }

    public OciSettings withGvisor(GvisorSettings other) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                other,
                microVm,
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                confinement,
                patience,
                rootless);
    }

    public OciSettings withMicroVm(MicroVmSettings other) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                gvisor,
                other,
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                confinement,
                patience,
                rootless);
    }

    /** For a process that is root of namespaces of an ordinary user's only. */
    public OciSettings asRootless() {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                gvisor,
                microVm,
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                confinement,
                patience,
                true);
    }

    OciSettings withRuntime(Path program, Duration itsPatience) {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                Optional.of(program),
                gvisor,
                microVm,
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                confinement,
                itsPatience,
                rootless);
    }

    /** For tests of other barriers, which must hold without those of {@link Confinement#SHIPPED}. */
    OciSettings unconfinedForTests() {
        return new OciSettings(
                stateDirectory,
                runDirectory,
                cgroupParent,
                ids,
                runtime,
                gvisor,
                microVm,
                hostRoot,
                logLimitBytes,
                unaskedStorage,
                Confinement.NONE_FOR_TESTS,
                patience,
                rootless);
    }
}
