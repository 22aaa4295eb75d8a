package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.util.OptionalLong;

/**
 * What of a specification a virtual machine's own kernel enforces, and what nobody could. The machine has as much memory as the
 * agent's limit says, and counts the agent's processes; the control group bounds what it takes on the host with QEMU.
 */
final class MicroVmLimits {
    /** What the machine has where the agent has no limit: something it must have. */
    static final long UNASKED_MEMORY = 2L << 30;

    /** Below it the machine's own kernel does not come up with room for a program. */
    static final long LEAST_MEMORY = 160L << 20;

    /** QEMU's own, with the code that it makes where it emulates, and the monitor's. */
    static final long RESERVE = 256L << 20;

    private static final String MEMORY_FIELD = "spec.resources.limits.memory";

    /** Threads of QEMU, for each processor and for files, and of the monitor. */
    private static final long OWN_THREADS = 512;

    private MicroVmLimits() {}

    static void require(SandboxSpec spec) throws SandboxException {
        OptionalLong memory = spec.limits().memoryBytes();
        if (memory.isPresent() && memory.getAsLong() < LEAST_MEMORY) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.INVALID_SPEC,
                    MEMORY_FIELD + " is " + memory.getAsLong() + " bytes; the driver microvm needs at least "
                            + LEAST_MEMORY + " (160Mi), of which the machine's own kernel takes its part");
        }
        if (spec.runtimeDirectory().isPresent()) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    "spec.session: the driver microvm has none: use an IsolationClass of the driver container");
        }
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.Denied denied && RootfsPlanner.isKernels(denied.path())) {
                throw new SandboxException(
                        Step.PREPARE,
                        Kind.UNSUPPORTED,
                        "spec.filesystem.mounts: '" + denied.path()
                                + "' is denied, but in the driver microvm /proc, /sys and /dev are of the machine's own"
                                + " kernel, which hides nothing in them: leave it out or use an IsolationClass of the"
                                + " driver container");
            }
        }
    }

    /** What the machine has. */
    static long memory(ResourceAmounts limits) {
        return limits.memoryBytes().orElse(UNASKED_MEMORY);
    }

    /** The same limits for all that the host sees of the machine. */
    static ResourceAmounts onTheHost(ResourceAmounts limits) {
        return new ResourceAmounts(
                limits.cpuMillis(),
                OptionalLong.of(memory(limits) + RESERVE),
                limits.ephemeralStorageBytes(),
                OptionalLong.of(OWN_THREADS + Runtime.getRuntime().availableProcessors()),
                limits.openFiles(),
                limits.diskReadRate(),
                limits.diskWriteRate(),
                limits.networkEgressRate(),
                limits.networkIngressRate());
    }

    /** What a machine was made with stays. */
    static void requireSame(ResourceAmounts limits, MicroVmConfiguration made) throws SandboxException {
        if (made.memoryBytes() != memory(limits)) {
            throw unchangeable(MEMORY_FIELD);
        }
        if (!made.tasks().equals(limits.pids())) {
            throw unchangeable(GvisorLimits.PIDS_FIELD);
        }
    }

    private static SandboxException unchangeable(String field) {
        return new SandboxException(
                Step.OBSERVE,
                Kind.UNSUPPORTED,
                field
                        + " can't be changed while an agent of the driver microvm runs, whose machine was made with it; limits"
                        + " of processors can");
    }
}
