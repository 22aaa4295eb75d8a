package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/** What of a specification can't be enforced by a process that is root of an ordinary user's namespaces only. */
final class RootlessLimits {
    private static final String LIMITS = "spec.resources.limits.";

    private RootlessLimits() {}

    /** Refuses what would have no effect, and more tasks than the user itself may have. */
    static void require(SandboxSpec spec) throws IOException, SandboxException {
        require(spec.limits(), InheritedLimits.most("self", "Max processes").orElse(Long.MAX_VALUE));
        for (ResolvedMount mount : spec.mounts()) {
            if (mount instanceof ResolvedMount.DiskDirectory(String path, OptionalLong bytes) && bytes.isPresent()) {
                throw refusal("spec.filesystem.mounts: the sizeLimit of '" + path + "', an emptyDir on the disk,");
            }
        }
    }

    static void require(ResourceAmounts limits, long mostTasks) throws SandboxException {
        Map<String, OptionalLong> unenforceable = new LinkedHashMap<>();
        unenforceable.put("cpu", limits.cpuMillis());
        unenforceable.put("memory", limits.memoryBytes());
        unenforceable.put("ephemeral-storage", limits.ephemeralStorageBytes());
        unenforceable.put("disk-read-rate", limits.diskReadRate());
        unenforceable.put("disk-write-rate", limits.diskWriteRate());
        for (Map.Entry<String, OptionalLong> limit : unenforceable.entrySet()) {
            if (limit.getValue().isPresent()) {
                throw refusal(LIMITS + limit.getKey());
            }
        }
        if (limits.pids().orElse(0) > mostTasks) {
            throw new SandboxException(
                    Step.PREPARE,
                    Kind.UNSUPPORTED,
                    LIMITS + "pids is " + limits.pids().getAsLong() + ", and without root an agent may have "
                            + mostTasks + " at most, as many as you may have yourself (ulimit -Hu): ask for fewer");
        }
    }

    private static SandboxException refusal(String what) {
        return new SandboxException(
                Step.PREPARE,
                Kind.UNSUPPORTED,
                what + " can't be enforced without root, whose alone the machine's control groups and loop devices are."
                        + " Leave it out, or run the agent as root or by the machine's service (agentctl serve)");
    }
}
