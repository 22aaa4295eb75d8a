package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.netlink.ForwardingNetlink;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whoever an agent has connected to may send to it for as long as the kernel remembers the connection, with no packet of the agent's in
 * between. With the box that let it pass that ends at once, and only that.
 */
@Tag("node")
class UnaskedAnswersIT {
    private static final String UDP = "datagrams";
    private static final String TCP = "stream";
    private static final GroupRuleset LESS = Groups.group(
            "wide",
            Groups.allow("10.20.0.0/24", Protocol.TCP, 1, 65535),
            Groups.allow("10.20.0.0/24", Protocol.UDP, 1, 65535));

    private Machine machine;
    private final ForgetfulSystem system = new ForgetfulSystem();
    private LinuxFence fence;
    private HostileAgent agent;

    /** The real system, which can be made to know nothing of connections. */
    private static final class ForgetfulSystem extends ForwardingSystem {
        private volatile boolean failing;

        ForgetfulSystem() {
            super(FenceSystem.linux());
        }

        @Override
        public NetlinkSocket netlink(int protocol) throws IOException {
            return new ForwardingNetlink(super.netlink(protocol)) {
                @Override
                public List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
                    if (failing && request.action().equals("list tracked connections")) {
                        throw new NetlinkException(request.action(), 5, "Input/output error", "made to fail");
                    }
                    return super.query(request);
                }
            };
        }
    }

    @BeforeEach
    void openFlows() throws IOException, SandboxException {
        machine = Machine.create();
        fence = new LinuxFence(machine.settings(), system);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "wide");
        for (String host : List.of(ALLOWED, DENIED)) {
            assertThat(agent.request("open_flow", TCP + host, host, PORT)).isEqualTo("ok");
            assertThat(agent.request("open_datagrams", UDP + host, host, PORT)).isEqualTo("ok");
        }
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine == null) {
            return;
        }
        // All of it, however far the preparation got: what stays fences every test that comes after.
        try (Machine _ = machine) {
            try {
                if (fence != null) {
                    fence.destroy();
                }
            } finally {
                if (agent != null) {
                    agent.close();
                }
            }
        }
    }

    private void assertThatItComes(String protocol, String host) {
        drain(host);
        machine.push(host);
        assertThat(agent.request("receive", protocol + host))
                .as("%s from %s", protocol, host)
                .isEqualTo("pushed");
    }

    /** Each push is by TCP and by UDP, whichever was looked at before. */
    private void drain(String host) {
        for (String protocol : List.of(UDP, TCP)) {
            agent.request("receive", protocol + host, 0.05);
        }
    }

    private void assertThatNothingComes(String protocol, String host) {
        drain(host);
        machine.push(host);
        assertThat(agent.request("receive", protocol + host, 0.3))
                .as("%s from %s", protocol, host)
                .contains("timed out");
    }

    private void assertEndedAtDeniedAlone() {
        assertThatNothingComes(UDP, DENIED);
        assertThatNothingComes(TCP, DENIED);
        assertThatItComes(UDP, ALLOWED);
        assertThatItComes(TCP, ALLOWED);
        drain(ALLOWED);
        assertThat(agent.request("send_flow", TCP + ALLOWED)).isEqualTo("ok");
        assertThat(agent.request("send_flow", UDP + ALLOWED)).isEqualTo("ok");
        assertThat(agent.request("send_flow", TCP + DENIED)).contains("Connection reset");
        assertThat(agent.request("send_flow", UDP + DENIED)).contains("No route to host");
    }

    @Test
    void endWithTheirBox() throws SandboxException {
        fence.apply(List.of(Groups.NARROW, LESS));
        assertEndedAtDeniedAlone();
    }

    @Test
    void goOnOverAChangeThatTakesNothingAway() throws SandboxException {
        fence.apply(List.of(
                Groups.NARROW, Groups.group("wide", Groups.WIDE.egress(), Groups.at(ALLOWED, PORT), List.of())));
        for (String host : List.of(ALLOWED, DENIED)) {
            assertThatItComes(UDP, host);
            assertThatItComes(TCP, host);
        }
    }

    @Test
    void endWithTheirGroup() throws SandboxException {
        fence.apply(List.of(Groups.NARROW));
        for (String host : List.of(ALLOWED, DENIED)) {
            assertThatNothingComes(UDP, host);
            assertThatNothingComes(TCP, host);
        }
    }

    @Test
    void endWhereTheAgentIsBoundToAGroupWithoutTheirBox() throws SandboxException {
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThatNothingComes(UDP, DENIED);
        assertThatNothingComes(TCP, DENIED);
        assertThatNothingComes(UDP, ALLOWED);
        assertThatItComes(TCP, ALLOWED);
    }

    @Test
    void endWhereTheAttemptToBindItIsRepeated() throws SandboxException {
        system.failing = true;
        assertThatThrownBy(() -> fence.attach(agent.id(), agent.network(), "narrow"))
                .hasMessageContaining("list tracked connections");
        system.failing = false;
        fence.attach(agent.id(), agent.network(), "narrow");
        assertThatNothingComes(UDP, DENIED);
        assertThatNothingComes(UDP, ALLOWED);
        assertThatItComes(TCP, ALLOWED);
    }

    /** It dies after its rules are others and before it has cleared up. */
    @Test
    void endWhenTheNextNodeAgentHasItsRulesAfterOneThatDied() throws SandboxException {
        system.failing = true;
        assertThatThrownBy(() -> fence.apply(List.of(Groups.NARROW, LESS)))
                .hasMessageContaining("list tracked connections");
        fence.close();
        system.failing = false;
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, LESS));
        assertEndedAtDeniedAlone();
    }

    @Test
    void endWithTheNextRepairWhereThatFailed() throws SandboxException {
        system.failing = true;
        assertThatThrownBy(() -> fence.apply(List.of(Groups.NARROW, LESS)))
                .hasMessageContaining("list tracked connections");
        system.failing = false;
        fence.repair();
        assertEndedAtDeniedAlone();
    }

    @Test
    void endWithWhatOthersHadOpened() throws SandboxException {
        fence.apply(List.of(Groups.NARROW, LESS));
        machine.inFence("nft insert rule inet agentfence g_wide accept");
        assertThat(agent.request("open_datagrams", UDP + DENIED, DENIED, PORT)).isEqualTo("ok");
        assertThatItComes(UDP, DENIED);
        fence.repair();
        assertThatNothingComes(UDP, DENIED);
    }
}
