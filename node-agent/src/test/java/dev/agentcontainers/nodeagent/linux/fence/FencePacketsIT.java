package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What passes the fence and what does not, seen with real packets of an agent that has all capabilities. */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FencePacketsIT {
    private static final GroupRuleset NARROW =
            new GroupRuleset("narrow", "", List.of(new Allow("10.20.0.0/24", Protocol.TCP, PORT, PORT)));

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeAll
    void openFence() throws IOException, SandboxException {
        assumeThat(System.getProperty("user.name")).as("needs root").isEqualTo("root");
        machine = new Machine();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), TestHash::of);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(NARROW));
    }

    @AfterAll
    void destroyFence() throws IOException, SandboxException {
        fence.destroy();
        machine.close();
    }

    @BeforeEach
    void startAgent() throws IOException, SandboxException {
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "narrow");
    }

    @AfterEach
    void stopAgent() throws SandboxException {
        agent.close();
        fence.detach(agent.id());
    }

    @Test
    void allowedPasses() {
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void deniedAddress() throws SandboxException {
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(attachment().deniedPackets()).isPositive();
    }

    @Test
    void deniedPort() {
        assertThat(agent.tcp(ALLOWED, OTHER_PORT)).contains("No route to host");
    }

    @Test
    void deniedProtocol() {
        assertThat(agent.udp(ALLOWED, PORT)).contains("No route to host");
    }

    private Attachment attachment() throws SandboxException {
        return Optional.ofNullable(fence.attachments().get(agent.id())).orElseThrow();
    }
}
