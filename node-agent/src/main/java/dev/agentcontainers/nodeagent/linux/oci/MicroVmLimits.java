package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.util.OptionalLong;

/**
 * What of a specification a virtual machine's own kernel enforces, and what nobody could. The agent's limit of memory is the machine's with
 * the page tables that the host has for it, of which its monitor takes 1/128; it counts the agent's processes; the control group bounds what
 * it takes on the host with QEMU.
 */
final class MicroVmLimits {
    /** What the machine has where the agent has no limit: something it must have. */
    static final long UNASKED_MEMORY = 2L << 30;

    /** Below it the machine's own kernel does not come up with room for a program. */
    static final long LEAST_MEMORY = 160L << 20;

    /** QEMU's own, with the code that it makes where it emulates, the monitor's, and virtiofsd's with what the kernel keeps of open files. */
    static final long RESERVE = 256L << 20;

    /** What a node gives for an agent beside the agent's memory. */
    static final ResourceAmounts OVERHEAD = new ResourceAmounts(
            OptionalLong.empty(), OptionalLong.of(RESERVE), OptionalLong.empty(), OptionalLong.empty());

    /** With fewer open files a sandbox has too few for virtiofsd, which keeps some 600 for itself. */
    static final long LEAST_DESCRIPTORS = 1500;

    /** What virtiofsd keeps, with its threads. Source: its INTERNAL_FD_RESERVE, and micro-vm/monitor/files.go. */
    private static final long OWN_DESCRIPTORS = 640;

    /** Threads of QEMU, for each processor, of virtiofsd and of the monitor. */
    private static final long OWN_THREADS = 512;

    private MicroVmLimits() {}

    static void require(SandboxSpec spec) throws SandboxException {
        OwnKernel.require(spec, DriverKind.MICROVM, LEAST_MEMORY, "the machine's own kernel takes its part");
    }

    /**
     * Refuses more open files than there can be: each that a machine has in use is open twice on the host, as a name and as what was opened.
     *
     * @param descriptors how many a process of the sandbox may have
     */
    static void requireOpenFiles(ResourceAmounts limits, long descriptors) throws SandboxException {
        long most = (descriptors - OWN_DESCRIPTORS) / 2;
        if (limits.openFiles().orElse(0) > most) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    InheritedLimits.FIELD + " is " + limits.openFiles().getAsLong() + ", and an agent of the driver "
                            + DriverKind.MICROVM.driver() + " may have " + most
                            + " here: ask for fewer"
                            + (descriptors < InheritedLimits.UNASKED_FILES
                                    ? ", or raise the node agent's own limit (LimitNOFILE= of its service) to "
                                            + InheritedLimits.UNASKED_FILES
                                    : ", or use an IsolationClass of the driver container"));
        }
    }

    /** What the machine takes of the agent's limit: all of it. */
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
            throw unchangeable(OwnKernel.MEMORY_FIELD);
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
