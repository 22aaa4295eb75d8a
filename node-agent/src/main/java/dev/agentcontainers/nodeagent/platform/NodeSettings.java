package dev.agentcontainers.nodeagent.platform;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a node agent keeps its things on its machine, and what agents get there. Two node agents on one machine differ in
 * name, directories and ids.
 *
 * @param name the node's name; names cgroups and the fence too
 * @param stateDirectory for what must survive a reboot; what is in it is readable by root only
 * @param runDirectory for what may vanish with a reboot
 * @param firstUserId first of the host's user and group ids that sandboxes are mapped to
 * @param userIdCount how many ids from there; each sandbox takes 65,536
 * @param logLimitBytes size at which an agent's log is begun anew
 * @param unaskedStorageBytes what the workspaces of an agent without a limit of its own may take; empty for the whole
 *     disk
 * @param hostPaths paths of the machine that agents without an image see read-only, beside the usual ones
 * @param hostMounts folders of the machine that agents may mount
 * @param gvisor how the driver gvisor runs it
 * @param microVm how the driver microvm runs its machines
 */
public record NodeSettings(
        String name,
        Path stateDirectory,
        Path runDirectory,
        long firstUserId,
        long userIdCount,
        long logLimitBytes,
        OptionalLong unaskedStorageBytes,
        List<String> hostPaths,
        HostMounts hostMounts,
        Gvisor gvisor,
        MicroVm microVm) {
    private static final OptionalLong UNASKED_STORAGE = OptionalLong.of(1L << 30);

    public NodeSettings {
        hostPaths = List.copyOf(hostPaths);
    }

    /** What agents get is the default. */
    public NodeSettings(
            String name,
            Path stateDirectory,
            Path runDirectory,
            long firstUserId,
            long userIdCount,
            long logLimitBytes) {
        this(
                name,
                stateDirectory,
                runDirectory,
                firstUserId,
                userIdCount,
                logLimitBytes,
                UNASKED_STORAGE,
                List.of(),
                HostMounts.NONE,
                Gvisor.DEFAULT,
                MicroVm.DEFAULT);
    }

    /**
     * Folders of the machine that agents may mount.
     *
     * @param allowed each {@code PATH}, {@code PATH:ro} or {@code PATH:rw}
     * @param never folders of the node's, beside those of these settings, that no agent gets
     */
    public record HostMounts(List<String> allowed, List<Path> never) {
        public static final HostMounts NONE = new HostMounts(List.of(), List.of());

        public HostMounts {
            allowed = List.copyOf(allowed);
            never = List.copyOf(never);
        }
    }

    /**
     * Virtual machines on this machine.
     *
     * @param folder what they are made of; empty for the usual one
     * @param accelerator whose processors they have, one of {@link #ACCELERATORS}
     */
    public record MicroVm(Optional<Path> folder, String accelerator) {
        public static final String KVM = "kvm";
        public static final List<String> ACCELERATORS = List.of(KVM, "tcg");
        public static final MicroVm DEFAULT = new MicroVm(Optional.empty(), KVM);

        public MicroVm {
            if (!ACCELERATORS.contains(accelerator)) {
                throw new IllegalArgumentException("micro-vm-accelerator is '" + accelerator + "'; it must be "
                        + String.join(" or ", ACCELERATORS));
            }
        }
    }

    /**
     * gVisor on this machine.
     *
     * @param runsc its runtime; empty for the first of that name on the PATH
     * @param platform how it gets hold of its programs' system calls, one of {@link #PLATFORMS}
     */
    public record Gvisor(Optional<Path> runsc, String platform) {
        public static final String SYSTRAP = "systrap";

        /** What runsc has and what holds agents. Source: gvisor.dev/docs/user_guide/platforms. */
        public static final List<String> PLATFORMS = List.of(SYSTRAP, "kvm");

        public static final Gvisor DEFAULT = new Gvisor(Optional.empty(), SYSTRAP);

        public Gvisor {
            if (!PLATFORMS.contains(platform)) {
                throw new IllegalArgumentException(
                        "runsc-platform is '" + platform + "'; it must be " + String.join(" or ", PLATFORMS));
            }
        }
    }
}
