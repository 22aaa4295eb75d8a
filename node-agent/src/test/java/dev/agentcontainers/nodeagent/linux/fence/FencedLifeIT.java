package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Real agents before their start, while rules change, after the node agent was killed and after the host's firewall was
 * flushed; and what else of the machine's network they might reach.
 */
@Tag("node")
@Timeout(120)
class FencedLifeIT {
    private static final GroupRuleset EMPTIED = Groups.group("narrow");

    private Machine machine;
    private LinuxFence fence;
    private Sandboxes sandboxes;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        sandboxes = Sandboxes.make();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (sandboxes != null) {
            sandboxes.close();
        }
        if (fence != null) {
            fence.destroy();
        }
        if (machine != null) {
            machine.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void beforeTheFenceIsUpThereIsNoWayOut(Profile profile) throws Exception {
        DrivenAgent agent = sandboxes.create(profile);
        // A process of the machine's own root in the agent's network: more than any agent could have.
        assertThat(inNetworkOf(agent, "ip -o link | wc -l")).startsWith("1");
        assertThat(inNetworkOf(agent, "timeout 2 bash -c '</dev/tcp/" + ALLOWED + "/8080' 2>&1 || true"))
                .contains("Network is unreachable");
    }

    /** The rules stand before the interface comes, so that no packet is in time to slip through. */
    @ParameterizedTest
    @EnumSource
    void noPacketSlipsThroughWhileTheFenceGoesUp(Profile profile) throws Exception {
        DrivenAgent agent = sandboxes.create(profile);
        String flood = "end=$((SECONDS+4)); while [ $SECONDS -lt $end ]; do echo x >/dev/udp/" + DENIED + "/8080;"
                + " echo x >/dev/udp/" + ALLOWED + "/8081; done 2>/dev/null; true";
        try (Capture escaped = machine.captureAtUplink("host " + DENIED + " or udp");
                Capture arriving = machine.captureAtServers("host " + DENIED + " or udp")) {
            Process flooding = new ProcessBuilder(
                            "nsenter", "--net=/proc/" + agent.network().pid() + "/ns/net", "bash", "-c", flood)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                fence.attach(agent.id(), agent.network(), "narrow");
                agent.start();
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(flooding.waitFor(20, TimeUnit.SECONDS)).isTrue();
            } finally {
                flooding.destroyForcibly().waitFor();
            }
            assertThat(fence.attachments().get(agent.id()))
                    .extracting(Attachment::deniedPackets)
                    .satisfies(denied -> assertThat(denied).isGreaterThan(10));
            assertThat(escaped.packets()).isEmpty();
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void rulesThatChangeUnderTrafficNeitherLeakNorCut(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "narrow");
        try (Capture escaped = machine.captureAtUplink("host " + DENIED + " or udp port 8080");
                Capture arriving = machine.captureAtServers("host " + DENIED + " or udp port 8080")) {
            agent.send("hammer", ALLOWED, DENIED, PORT, 5);
            for (int swap = 1; swap <= 40; swap++) {
                GroupRuleset variant = Groups.narrowWithNoise(swap);
                assertThat(fence.apply(List.of(variant, Groups.WIDE))).containsEntry("narrow", variant.hash());
            }
            JsonNode result = new ObjectMapper().readTree(agent.answer());
            assertThat(result.get("failed").asInt()).as(result.toString()).isZero();
            assertThat(result.get("leaked").asInt()).isZero();
            assertThat(result.get("allowed").asInt()).isGreaterThan(50);
            assertThat(result.get("denied").asInt()).isGreaterThan(50);
            assertThat(escaped.packets()).isEmpty();
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRuleThatIsTakenBackCutsWhatIsOpen(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "narrow");
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");

        fence.apply(List.of(EMPTIED));
        try (Capture escaped = machine.captureAtUplink("tcp")) {
            assertThat(agent.request("send_flow", "flow")).contains("reset by peer");
            assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
            assertThat(escaped.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void itHoldsAfterTheNodeAgentWasKilled(Profile profile) throws Exception {
        fence.destroy();
        DrivenAgent agent = sandboxes.create(profile);
        Process nodeAgent = FenceProcess.start(machine, agent);
        String address = nodeAgent.inputReader().readLine();
        agent.start();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        nodeAgent.destroyForcibly().waitFor();

        assertDeniedAndAllowed(agent);
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
        fence.open(Machine.fenceSettings());
        assertThat(fence.attach(agent.id(), agent.network(), "narrow").address())
                .isEqualTo(address);
        assertDeniedAndAllowed(agent);
    }

    /** The worst that can come together: no firewall on the host, a new address of the node, a policy without limits. */
    @ParameterizedTest
    @EnumSource
    void itHoldsAfterTheHostsFirewallWasFlushed(Profile profile) throws Exception {
        TestRights.assumeGuarded();
        DrivenAgent agent = start(profile, "wide");
        machine.onHost("nft flush ruleset; ip addr add 10.77.0.1/32 dev lo");

        assertThat(machine.onHost("timeout 2 bash -c '</dev/tcp/10.77.0.1/8080' && echo listening"))
                .contains("listening");
        assertThat(agent.tcp("10.77.0.1", PORT)).contains("timed out");
        assertThat(agent.udp("10.77.0.1", PORT)).contains("timed out");
        assertThat(agent.tcp(HOST, PORT)).contains("No route to host");
        fence.attach(agent.id(), agent.network(), "narrow");
        try (Capture escaped = machine.captureAtUplink("host " + DENIED)) {
            assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
            assertThat(escaped.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherAgentsAreNotReached(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "wide");
        DrivenAgent other = sandboxes.create(Profile.ALL_CAPABILITIES);
        String address = fence.attach(other.id(), other.network(), "wide").address();
        other.start();
        try (Capture arriving = other.capture("ip")) {
            assertThat(agent.tcp(address, PORT)).contains("No route to host");
            assertThat(agent.udp(address, PORT)).contains("No route to host");
            assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).noneMatch(packet -> packet.contains(" > " + address + ".8080"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void itsOwnSideIsOfNoUse(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "narrow");
        String outcome = agent.shell("ip link add dummy9 type dummy; ip addr add 100.80.4.200/32 dev eth0;"
                + " ip route replace default via 169.254.1.1 dev eth0 onlink src 100.80.4.200; nft flush ruleset");
        switch (profile) {
            case SHIPPED -> assertThat(outcome).contains("Operation not permitted");
            case ALL_CAPABILITIES -> assertThat(agent.shell("ip addr")).contains("100.80.4.200");
        }
        try (Capture escaped = machine.captureAtUplink("host " + DENIED + " or host 100.80.4.200")) {
            assertThat(agent.tcp(DENIED, PORT)).isNotEqualTo("ok");
            assertThat(agent.tcp(ALLOWED, OTHER_PORT)).isNotEqualTo("ok");
            assertThat(escaped.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void sysShowsItsOwnInterfacesOnly(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "narrow");
        assertThat(agent.shell("ls /sys/class/net")).isEqualTo("0 eth0\nlo\n");
        assertThat(agent.shell("ls /sys/devices/virtual/net")).isEqualTo("0 eth0\nlo\n");
        assertThat(agent.shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' ' | sort"))
                .isEqualTo("0 eth0\nlo\n");
        assertThat(agent.shell("grep ' /sys ' /proc/self/mountinfo | cut -d' ' -f6"))
                .startsWith("0 ro,");
        assertThat(agent.shell("echo 1400 > /sys/class/net/eth0/mtu"))
                .containsAnyOf("Read-only file system", "Permission denied");
        if (profile == Profile.SHIPPED) {
            assertThat(agent.shell("mount -o remount,rw /sys")).doesNotStartWith("0 ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void socketsOfTheHostAreNotReached(Profile profile) throws Exception {
        DrivenAgent agent = start(profile, "wide");
        String name = "acft-" + agent.id().value();
        Path file = Path.of("/run", name + ".sock");
        Process listening = listen("\\0" + name);
        Process listeningAtFile = listen(file.toString());
        try {
            assertThat(Machine.run("/usr/bin/python3", "-c", connect("\\0" + name)))
                    .contains("connected");
            assertThat(Machine.run("/usr/bin/python3", "-c", connect(file.toString())))
                    .contains("connected");
            assertThat(agent.request("unix", "@" + name)).contains("Connection refused");
            assertThat(agent.request("unix", file.toString())).contains("No such file");
        } finally {
            listening.destroyForcibly().waitFor();
            listeningAtFile.destroyForcibly().waitFor();
            Files.deleteIfExists(file);
        }
    }

    /** A listener on the machine itself, outside every namespace of the test. */
    private static Process listen(String address) throws IOException {
        Process process = new ProcessBuilder(
                        "/usr/bin/python3",
                        "-c",
                        "import socket; s = socket.socket(socket.AF_UNIX); s.bind('" + address + "'); s.listen();"
                                + " print('ready', flush=True)\nwhile True: s.accept()")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("ready");
        return process;
    }

    private static String connect(String address) {
        return "import socket; s = socket.socket(socket.AF_UNIX); s.connect('" + address + "'); print('connected')";
    }

    private DrivenAgent start(Profile profile, String group) throws IOException, SandboxException {
        DrivenAgent agent = sandboxes.create(profile);
        fence.attach(agent.id(), agent.network(), group);
        agent.start();
        return agent;
    }

    private void assertDeniedAndAllowed(DrivenAgent agent) throws IOException {
        try (Capture sent = agent.capture("host " + DENIED);
                Capture escaped = machine.captureAtUplink("host " + DENIED)) {
            assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
            sent.awaitPacket();
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(escaped.packets()).isEmpty();
        }
    }

    private static String inNetworkOf(DrivenAgent agent, String script) {
        return Machine.run("nsenter", "--net=/proc/" + agent.network().pid() + "/ns/net", "bash", "-c", script);
    }
}
