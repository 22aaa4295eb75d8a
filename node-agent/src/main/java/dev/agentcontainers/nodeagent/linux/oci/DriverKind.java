package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.api.v1alpha1.DriverFeature;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;

/** What tells the drivers apart: what their agents stand on, and whose kernel answers them. */
enum DriverKind {
    /** The host's root and the host's kernel. */
    PROCESS("process", IsolationLevel.Process, DriverFeature.HOST_ROOT),
    /** An image's root and the host's kernel. */
    CONTAINER("container", IsolationLevel.Container, DriverFeature.IMAGE),
    /** An image's root and gVisor's kernel, which is a program of the agent's own on the host. */
    GVISOR("gvisor", IsolationLevel.UserspaceKernel, DriverFeature.IMAGE),
    /** An image's root and a kernel of the agent's own, in a virtual machine. */
    MICROVM("microvm", IsolationLevel.MicroVM, DriverFeature.IMAGE);

    private final String driver;
    private final IsolationLevel level;
    private final String feature;

    DriverKind(String driver, IsolationLevel level, String feature) {
        this.driver = driver;
        this.level = level;
        this.feature = feature;
    }

    String driver() {
        return driver;
    }

    IsolationLevel level() {
        return level;
    }

    /** By which placement knows it. */
    String feature() {
        return feature;
    }

    boolean runsImages() {
        return this != PROCESS;
    }

    /** Whether the agent's processes are the host's: otherwise only a kernel of the agent's own knows them. */
    boolean sharesKernel() {
        return this == PROCESS || this == CONTAINER;
    }

    /** The limits that the control groups of a sandbox with these have. */
    ResourceAmounts onTheHost(ResourceAmounts limits) {
        return switch (this) {
            case PROCESS, CONTAINER -> limits;
            case GVISOR -> GvisorLimits.onTheHost(limits);
            case MICROVM -> MicroVmLimits.onTheHost(limits);
        };
    }

    /** What each agent takes beside what it asks for, of which its own kernel, or what runs that, does not count for it. */
    ResourceAmounts overhead() {
        return this == MICROVM ? MicroVmLimits.OVERHEAD : ResourceAmounts.NONE;
    }

    void require(SandboxRoot root) throws SandboxException {
        String problem = switch (root) {
            case SandboxRoot.Host _ when runsImages() -> "is not set, and the driver " + driver + " needs an image";
            case SandboxRoot.Image _
            when !runsImages() ->
                "is set, but the driver process runs the node's own programs: use an IsolationClass whose driver"
                        + " runs images, for example container";
            case SandboxRoot.Host _, SandboxRoot.Image _ -> "";
        };
        if (!problem.isEmpty()) {
            throw new SandboxException(Step.PREPARE, Kind.UNSUPPORTED, "spec.image " + problem);
        }
    }
}
