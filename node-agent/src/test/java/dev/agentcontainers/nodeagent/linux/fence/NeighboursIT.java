package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two agents of one node, and a third one in the groups' way. Each has all capabilities in its own namespaces and no
 * seccomp. The first asks, the second answers at two ports.
 */
@Tag("node")
class NeighboursIT {
    private static final List<Allow> EVERYTHING = Groups.WIDE.egress();
    private static final List<Allow> NOTHING = List.of();

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent asking;
    private HostileAgent answering;
    private HostileAgent third;
    private String asks;
    private String answers;
    private String watches;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
        asking = machine.agent();
        answering = machine.agent();
        third = machine.agent();
        apply(NOTHING, NOTHING);
        asks = fence.attach(asking.id(), asking.network(), "asking").address();
        answers = fence.attach(answering.id(), answering.network(), "answering").address();
        watches = fence.attach(third.id(), third.network(), "third").address();
        assertThat(answering.request("serve", PORT)).isEqualTo("ok");
        assertThat(answering.request("serve", OTHER_PORT)).isEqualTo("ok");
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            for (HostileAgent agent : List.of(asking, answering, third)) {
                agent.close();
            }
            fence.destroy();
            machine.close();
        }
    }

    private void apply(List<Allow> egress, List<Allow> ingress) throws SandboxException {
        GroupRuleset from = Groups.group("asking", egress, NOTHING, List.of());
        GroupRuleset to = Groups.group("answering", NOTHING, ingress, List.of());
        assertThat(fence.apply(List.of(from, to, Groups.group("third", EVERYTHING, NOTHING, List.of()))))
                .containsEntry("asking", from.hash())
                .containsEntry("answering", to.hash());
    }

    private List<Allow> toAnswering() {
        return Groups.at(answers, PORT);
    }

    private List<Allow> fromAsking() {
        return Groups.at(asks, PORT);
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void onlyWhereBothSidesAllow(boolean egress, boolean ingress) throws Exception {
        apply(egress ? toAnswering() : NOTHING, ingress ? fromAsking() : NOTHING);
        String expected = egress && ingress ? "ok" : "OSError: [Errno 113] No route to host";
        try (Capture arriving = answering.capture("src " + asks)) {
            long before = fence.deniedPackets(asking.id());
            assertThat(asking.tcp(answers, PORT)).isEqualTo(expected);
            assertThat(asking.udp(answers, PORT)).isEqualTo(expected);
            if (egress && ingress) {
                arriving.awaitPacket();
                assertThat(fence.deniedPackets(asking.id())).isEqualTo(before);
            } else {
                assertThat(arriving.packets()).isEmpty();
                assertThat(fence.deniedPackets(asking.id())).isEqualTo(before + 2);
            }
        }
    }

    @Test
    void eachSideLimitsPortAndProtocol() throws SandboxException {
        apply(EVERYTHING, List.of(Groups.allow(asks + "/32", Protocol.TCP, PORT, PORT)));
        assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
        assertThat(asking.tcp(answers, OTHER_PORT)).contains("No route to host");
        assertThat(asking.udp(answers, PORT)).contains("No route to host");

        apply(
                List.of(Groups.allow(answers + "/32", Protocol.UDP, OTHER_PORT, OTHER_PORT)),
                List.of(
                        Groups.allow("0.0.0.0/0", Protocol.TCP, 1, 65535),
                        Groups.allow("0.0.0.0/0", Protocol.UDP, 1, 65535)));
        assertThat(asking.udp(answers, OTHER_PORT)).isEqualTo("ok");
        assertThat(asking.udp(answers, PORT)).contains("No route to host");
        assertThat(asking.tcp(answers, OTHER_PORT)).contains("No route to host");
    }

    @Test
    void anotherAgentThanTheOneThatIsLetIn() throws Exception {
        apply(toAnswering(), fromAsking());
        try (Capture arriving = answering.capture("src " + watches)) {
            assertThat(third.tcp(answers, PORT)).contains("No route to host");
            assertThat(third.udp(answers, PORT)).contains("No route to host");
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void falseSource() throws Exception {
        apply(toAnswering(), fromAsking());
        try (Capture sent = third.capture("src " + asks);
                Capture arriving = answering.capture("udp")) {
            third.request("raw_udp", asks, answers, PORT);
            sent.awaitPacket();
            assertThat(third.shell("ip addr add " + asks + "/32 dev eth0")).startsWith("0");
            assertThat(third.request("foreign_source", 15, asks, answers, PORT)).isEqualTo("sent");
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).isEmpty();
            assertThat(fence.deniedPackets(third.id())).isEqualTo(2);
        }
    }

    @Test
    void whoMayAnswerMayNotAsk() throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("serve", PORT)).isEqualTo("ok");
        assertThat(asking.udp(answers, PORT)).isEqualTo("ok");
        try (Capture arriving = asking.capture("src " + answers)) {
            assertThat(answering.tcp(asks, PORT)).contains("No route to host");
            assertThat(answering.udp(asks, PORT)).contains("No route to host");
            // From the port that may answer, to one at which nobody has asked.
            answering.request("raw", answers, asks, 17, "1f900050" + "000d0000" + "68656c6c6f");
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets())
                    .noneMatch(packet -> packet.contains(asks + "." + PORT))
                    .noneMatch(packet -> packet.contains(asks + ".80:"));
        }
    }

    @Test
    void anAgentWithoutIngressIsNotReachedByAgentsAndByTheHost() throws Exception {
        apply(EVERYTHING, NOTHING);
        try (Capture arriving = answering.capture("ip")) {
            assertThat(asking.tcp(answers, PORT)).contains("No route to host");
            assertThat(third.udp(answers, PORT)).contains("No route to host");
            machine.onHost("timeout 1 bash -c '</dev/tcp/" + answers + "/8080' && exit 1;" + " echo x >/dev/udp/"
                    + answers + "/8080 || true");
            assertThat(third.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** What no agent is doesn't get in, whatever the ingress says. */
    @Test
    void theHostAndWhatIsBehindItDontGetInEvenWhereEverythingMay() throws Exception {
        apply(toAnswering(), EVERYTHING);
        machine.onServers("ip route add 100.80.4.0/24 via " + Machine.HOST);
        try (Capture arriving = answering.capture("ip")) {
            for (String source : List.of("", "100.80.4.1", asks)) {
                String from = source.isEmpty() ? "" : "ip addr add " + source + "/32 dev lo; ";
                String script = from
                        + "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                        + (source.isEmpty() ? "" : " s.bind((\"" + source + "\", 4242));")
                        + " s.sendto(b\"x\", (\"" + answers + "\", 8080))'"
                        + (source.isEmpty() ? "" : "; ip addr del " + source + "/32 dev lo");
                machine.onServers(script);
                machine.onHost(script);
            }
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets())
                    .filteredOn(packet -> packet.contains("UDP"))
                    .isEmpty();
        } finally {
            machine.onServers("ip route del 100.80.4.0/24");
        }
    }

    @ParameterizedTest
    @CsvSource({"true, false", "false, true"})
    void whenOneSideIsTakenBackTheConnectionEndsWithTheNextPacket(boolean egress, boolean ingress) throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_flow", "stream", answers, PORT)).isEqualTo("ok");
        assertThat(asking.request("open_datagrams", "datagrams", answers, PORT)).isEqualTo("ok");

        apply(egress ? toAnswering() : NOTHING, ingress ? fromAsking() : NOTHING);
        try (Capture arriving = answering.capture("src " + asks)) {
            assertThat(asking.request("send_flow", "stream")).contains("reset by peer");
            assertThat(asking.request("send_flow", "datagrams")).contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** One that was let in must not go on telling what it knows because somebody asked once. */
    @ParameterizedTest
    @CsvSource({"true, false", "false, true"})
    void whenOneSideIsTakenBackAnswersEndToo(boolean egress, boolean ingress) throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_flow", "stream", answers, PORT)).isEqualTo("ok");
        assertThat(asking.request("open_datagrams", "datagrams", answers, PORT)).isEqualTo("ok");
        answering.request("push_stream", PORT);
        answering.request("push_datagram", PORT);
        assertThat(asking.request("receive", "stream")).isEqualTo("pushed");
        assertThat(asking.request("receive", "datagrams")).isEqualTo("pushed");

        apply(egress ? toAnswering() : NOTHING, ingress ? fromAsking() : NOTHING);
        try (Capture arriving = asking.capture("src " + answers)) {
            answering.request("push_datagram", PORT);
            answering.request("push_stream", PORT);
            assertThat(asking.request("receive", "datagrams")).contains("timed out");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void swapsUnderTraffic() throws Exception {
        apply(toAnswering(), fromAsking());
        try (Capture leaks = third.capture("src " + asks)) {
            asking.send("hammer", answers, watches, PORT, 5);
            for (int swap = 1; swap <= 40; swap++) {
                List<Allow> egress = new ArrayList<>(toAnswering());
                List<Allow> ingress = new ArrayList<>(fromAsking());
                for (int i = 0; i < 100; i++) {
                    egress.add(Groups.allow("10.30." + i + "." + swap + "/32", Protocol.UDP, swap, 2000));
                    ingress.add(Groups.allow("100.81." + i + "." + swap + "/32", Protocol.TCP, swap, 2000));
                }
                apply(egress, ingress);
            }
            JsonNode result = new ObjectMapper().readTree(asking.answer());
            assertThat(result.get("failed").asInt()).as(result.toString()).isZero();
            assertThat(result.get("leaked").asInt()).isZero();
            assertThat(result.get("allowed").asInt()).isGreaterThan(50);
            assertThat(result.get("denied").asInt()).isGreaterThan(50);
            assertThat(leaks.packets()).isEmpty();
        }
        assertThat(machine.inFence("nft list sets").lines().filter(line -> line.contains("i4_")))
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"asking", "answering"})
    void aGroupThatIsWithdrawn(String kept) throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_flow", "stream", answers, PORT)).isEqualTo("ok");

        fence.apply(List.of(
                kept.equals("asking")
                        ? Groups.group("asking", toAnswering(), NOTHING, List.of())
                        : Groups.group("answering", NOTHING, fromAsking(), List.of())));
        assertThat(asking.request("send_flow", "stream")).contains("reset by peer");
        assertThat(asking.tcp(answers, PORT)).contains("No route to host");
        apply(toAnswering(), fromAsking());
        assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
    }

    @Test
    void anAgentThatChangesItsGroup() throws SandboxException {
        apply(toAnswering(), fromAsking());
        fence.attach(answering.id(), answering.network(), "third");
        assertThat(asking.tcp(answers, PORT)).contains("No route to host");
        fence.attach(answering.id(), answering.network(), "answering");
        assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
        fence.attach(asking.id(), asking.network(), "answering");
        assertThat(asking.tcp(answers, PORT)).contains("No route to host");
    }

    /** There is no link that two agents share; this is what one would be used for. */
    @Test
    void framesToTheNeighbour() throws Exception {
        apply(toAnswering(), fromAsking());
        String mac =
                answering.shell("cat /sys/class/net/eth0/address").substring(2).strip();
        String packet = third.request("ip_packet", watches, answers, PORT);
        String forged = third.request("ip_packet", asks, answers, PORT);
        String whoHas = "0001080006040001" + "020000000001" + "64500402" + "000000000000" + "64500403";
        try (Capture sent = third.capture("ether host " + mac + " or arp");
                Capture arriving = answering.capture("not src " + asks);
                Capture atAsking = asking.capture("not src " + answers + " and not src " + asks)) {
            for (String address : List.of(mac, "ff:ff:ff:ff:ff:ff")) {
                assertThat(third.request("frame_to", address, packet, 0x0800)).isEqualTo("sent");
                assertThat(third.request("frame_to", address, forged, 0x0800)).isEqualTo("sent");
                assertThat(third.request("frame_to", address, whoHas, 0x0806)).isEqualTo("sent");
            }
            third.shell("ip neigh replace " + answers + " dev eth0 lladdr " + mac + " nud permanent;" + " ip route add "
                    + answers + "/32 dev eth0");
            assertThat(third.udp(answers, PORT)).isNotEqualTo("ok");
            sent.awaitPacket();
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets())
                    .filteredOn(line -> !line.contains(answers + ".8080 >"))
                    .isEmpty();
            assertThat(atAsking.packets()).isEmpty();
        }
    }

    /** What is for an agent that has gone doesn't leave the node on its way to nobody. */
    @Test
    void anAgentThatHasGone() throws Exception {
        apply(toAnswering(), fromAsking());
        fence.detach(answering.id());
        try (Capture leaving = machine.captureAtUplink("host " + answers)) {
            assertThat(asking.tcp(answers, PORT)).contains("No route to host");
            assertThat(third.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(leaving.packets()).isEmpty();
        }
        assertThat(fence.attach(answering.id(), answering.network(), "answering")
                        .address())
                .isNotEqualTo(answers);
    }

    @Test
    void ingressThatSomeoneChangesIsPutRight() throws Exception {
        apply(EVERYTHING, fromAsking());
        machine.inFence("set=$(nft list sets | grep -o 'i4_answering_[0-9]*');"
                + " nft add element inet agentfence $set '{ " + watches + " . tcp . " + PORT + " }'");
        assertThat(third.tcp(answers, PORT)).as("the test can fail").isEqualTo("ok");
        assertThat(fence.repair().repaired()).containsExactly("the rules of the policy group answering were changed");
        assertThat(third.tcp(answers, PORT)).contains("No route to host");

        machine.inFence("nft insert rule inet agentfence r_answering accept");
        try (Capture arriving = answering.capture("src " + watches)) {
            third.udp(answers, PORT);
            arriving.awaitPacket("the test can fail");
        }
        assertThat(fence.repair().repaired()).containsExactly("the rules of the policy group answering were changed");
        try (Capture arriving = answering.capture("src " + watches)) {
            assertThat(third.udp(answers, PORT)).contains("No route to host");
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** A fence whose agents were attached by a version that knew no ingress. */
    @Test
    void agentsOfAnEarlierVersionStayAttached() throws SandboxException {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_flow", "flow", answers, PORT)).isEqualTo("ok");
        fence.close();
        machine.inFence("nft flush map inet agentfence receivers;"
                + " nft flush chain inet agentfence forward; nft delete map inet agentfence receivers;"
                + " for group in asking answering third; do nft delete chain inet agentfence r_$group; done;"
                + " ip addr del 169.254.1.1/32 dev lo; mac=$(ip neigh show dev uplink | grep -o '..:..:..:..:..:..');"
                + " ip neigh add 169.254.1.1 lladdr $mac dev uplink nud permanent;"
                + " ip route replace default via 169.254.1.1 dev uplink onlink; ip neigh del 169.254.1.2 dev uplink");
        assertThat(third.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        fence.open(Machine.fenceSettings());
        assertThat(fence.attachments()).hasSize(3);
        assertThat(asking.tcp(answers, PORT)).isNotEqualTo("ok");
        apply(toAnswering(), fromAsking());
        assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
        assertThat(third.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }
}
