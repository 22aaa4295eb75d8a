package dev.agentcontainers.nodeagent.linux.oci;

import java.nio.file.Path;

/**
 * How the driver {@code microvm} runs its machines.
 *
 * @param folder with the kernel of the machines, their first files and the monitor, as {@code scripts/micro-vm} makes it
 * @param accelerator whose processors they have
 */
public record MicroVmSettings(Path folder, Accelerator accelerator) {
    public static final MicroVmSettings DEFAULT =
            new MicroVmSettings(Path.of("/usr/local/lib/agentcontainers/micro-vm"), Accelerator.KVM);

    /** Whose processors a machine has. There is no going from one to the other by itself: the second is the weaker. */
    public enum Accelerator {
        /** The real ones, by the kernel's /dev/kvm. */
        KVM,

        /** Those that QEMU emulates, many times slower. It does not count emulation as a security boundary. */
        TCG
    }
}
