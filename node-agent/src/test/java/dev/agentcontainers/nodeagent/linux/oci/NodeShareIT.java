package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The share of the machine that all agents have together, in real control groups. */
@Tag("node")
@Timeout(120)
class NodeShareIT {
    /** Version 1 refuses a share that is less than what one agent has. */
    @Test
    void aSmallerShareIsTakenThoughAnAgentHasMore() throws Exception {
        try (TestNode node = TestNode.start()) {
            SandboxSpec spec = TestNode.shell("sleep 600", TestNode.limits(1500, 64 << 20, 16));
            node.driver().limitAll(TestNode.limits(2000, 1 << 30, 1000));
            node.begin(spec);
            node.driver().limitAll(TestNode.limits(1000, 1 << 30, 1000));
            assertThat(node.driver().state(spec.id())).isInstanceOf(SandboxState.Running.class);
            node.driver().kill(spec.id());
        }
    }
}
