package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/** What of a specification can't be enforced by a process that is root of an ordinary user's namespaces only. */
final class RootlessLimits {
    private RootlessLimits() {}

    /** Refuses what would have no effect. Rates of disks and parts of a disk are refused where they are looked at. */
    static void require(SandboxSpec spec) throws SandboxException {
        ResourceAmounts limits = spec.limits();
        Map<String, OptionalLong> unenforceable = new LinkedHashMap<>();
        unenforceable.put("cpu", limits.cpuMillis());
        unenforceable.put("memory", limits.memoryBytes());
        for (Map.Entry<String, OptionalLong> limit : unenforceable.entrySet()) {
            if (limit.getValue().isPresent()) {
                throw new SandboxException(
                        Step.PREPARE,
                        Kind.UNSUPPORTED,
                        "spec.resources.limits.%s is %d, which can't be enforced without root: an ordinary user has no part in the machine's control groups. Leave it out, or run it as root or by the machine's service (agentctl serve)"
                                .formatted(limit.getKey(), limit.getValue().getAsLong()));
            }
        }
    }
}
