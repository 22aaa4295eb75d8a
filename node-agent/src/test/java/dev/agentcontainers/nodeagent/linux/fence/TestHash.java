package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import java.util.List;
import java.util.stream.Collectors;

/** A readable stand-in for the canonical hash. */
final class TestHash {
    private TestHash() {}

    static String of(List<Allow> egress) {
        return egress.stream().map(Allow::toString).sorted().collect(Collectors.joining(";"));
    }
}
