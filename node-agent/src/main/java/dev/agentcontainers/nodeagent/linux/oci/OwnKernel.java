package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.linux.rootfs.RootfsPlanner;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.util.OptionalLong;

/** What can't be had of a driver whose agents have a kernel of their own. */
final class OwnKernel {
    static final String MEMORY_FIELD = "spec.resources.limits.memory";

    private static final int MEBI = 20;

    private OwnKernel() {}

    /**
     * Refuses what would have no effect, with the field named.
     *
     * @param leastMemory bytes, of mebibytes
     * @param why it is needed, after "of which"
     */
    static void require(SandboxSpec spec, DriverKind kind, long leastMemory, String why) throws SandboxException {
        OptionalLong memory = spec.limits().memoryBytes();
        if (memory.isPresent() && memory.getAsLong() < leastMemory) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.INVALID_SPEC,
                    "%s is %d bytes; the driver %s needs at least %d (%dMi), of which %s"
                            .formatted(
                                    MEMORY_FIELD,
                                    memory.getAsLong(),
                                    kind.driver(),
                                    leastMemory,
                                    leastMemory >> MEBI,
                                    why));
        }
        if (spec.runtimeDirectory().isPresent()) {
            throw unsupported("spec.session: the driver " + kind.driver()
                    + " has none: use an IsolationClass of the driver container");
        }
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.Denied denied && RootfsPlanner.isKernels(denied.path())) {
                throw unsupported("spec.filesystem.mounts: '" + denied.path() + "' is denied, but in the driver "
                        + kind.driver() + " /proc, /sys and /dev are of its own kernel, which hides nothing in them:"
                        + " leave it out or use an IsolationClass of the driver container");
            }
        }
    }

    private static SandboxException unsupported(String message) {
        return new SandboxException(Step.PREPARE, Kind.UNSUPPORTED, message);
    }
}
