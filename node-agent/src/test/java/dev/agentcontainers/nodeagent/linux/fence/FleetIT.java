package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two nodes with an agent each, and a wire between them with routes to the other's agents. */
@Tag("node")
class FleetIT {
    private static final List<Allow> EVERYTHING = Groups.WIDE.egress();
    private static final List<Allow> NOTHING = List.of();

    private Machine here;
    private Machine there;
    private LinuxFence fenceHere;
    private LinuxFence fenceThere;
    private HostileAgent asking;
    private HostileAgent answering;
    private String asks;
    private String answers;

    @BeforeEach
    void openFences() throws IOException, SandboxException {
        here = Machine.create();
        there = Machine.create();
        here.connectTo(there);
        fenceHere = here.fence();
        fenceHere.open(Machine.fenceSettings("100.80.4.0/24"));
        fenceThere = there.fence();
        fenceThere.open(Machine.fenceSettings("100.80.8.0/24"));
        asking = here.agent();
        answering = there.agent();
        apply(NOTHING, NOTHING);
        asks = fenceHere.attach(asking.id(), asking.network(), "asking").address();
        answers = fenceThere
                .attach(answering.id(), answering.network(), "answering")
                .address();
        assertThat(answering.request("serve", PORT)).isEqualTo("ok");
        here.onHost("ip route add 100.80.8.0/24 via 10.200.0.2");
        there.onHost("ip route add 100.80.4.0/24 via 10.200.0.1");
    }

    @AfterEach
    void destroyFences() throws IOException, SandboxException {
        if (here != null) {
            asking.close();
            answering.close();
            fenceHere.destroy();
            fenceThere.destroy();
            here.close();
            there.close();
        }
    }

    private void apply(List<Allow> egress, List<Allow> ingress) throws SandboxException {
        fenceHere.apply(List.of(Groups.group("asking", egress, NOTHING, List.of())));
        fenceThere.apply(List.of(Groups.group("answering", NOTHING, ingress, List.of())));
    }

    private List<Allow> toAnswering() {
        return Groups.at(answers, PORT);
    }

    private List<Allow> fromAsking() {
        return Groups.at(asks, PORT);
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void onlyWhereBothNodesAllow(boolean egress, boolean ingress) throws Exception {
        apply(egress ? toAnswering() : NOTHING, ingress ? fromAsking() : NOTHING);
        String expected = egress && ingress ? "ok" : "OSError: [Errno 113] No route to host";
        try (Capture between = there.captureAtWire("src " + asks);
                Capture arriving = answering.capture("src " + asks)) {
            assertThat(asking.tcp(answers, PORT)).isEqualTo(expected);
            assertThat(asking.udp(answers, PORT)).isEqualTo(expected);
            if (egress) {
                between.awaitPacket();
            } else {
                assertThat(between.packets()).isEmpty();
            }
            if (egress && ingress) {
                arriving.awaitPacket();
            } else {
                assertThat(arriving.packets()).isEmpty();
            }
        }
    }

    @Test
    void withoutARouteNothingArrives() throws Exception {
        apply(toAnswering(), fromAsking());
        here.onHost("ip route del 100.80.8.0/24");
        try (Capture between = there.captureAtWire("ip")) {
            assertThat(asking.tcp(answers, PORT)).isNotEqualTo("ok");
            assertThat(between.packets()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"true, false", "false, true"})
    void whenOneNodeTakesItBackTheConnectionEndsWithTheNextPacket(boolean egress, boolean ingress) throws Exception {
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

    @Test
    void answersEndWhereTheyComeFrom() throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_datagrams", "datagrams", answers, PORT)).isEqualTo("ok");
        answering.request("push_datagram", PORT);
        assertThat(asking.request("receive", "datagrams")).isEqualTo("pushed");
        apply(toAnswering(), NOTHING);
        try (Capture between = there.captureAtWire("src " + answers)) {
            answering.request("push_datagram", PORT);
            assertThat(asking.request("receive", "datagrams")).contains("timed out");
            assertThat(between.packets()).isEmpty();
        }
    }

    @Test
    void answersEndWhereTheyGoTo() throws Exception {
        apply(toAnswering(), fromAsking());
        assertThat(asking.request("open_datagrams", "datagrams", answers, PORT)).isEqualTo("ok");
        apply(NOTHING, fromAsking());
        try (Capture between = there.captureAtWire("src " + answers);
                Capture arriving = asking.capture("src " + answers)) {
            answering.request("push_datagram", PORT);
            between.awaitPacket();
            assertThat(asking.request("receive", "datagrams")).contains("timed out");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    /** Sources that nobody beyond the wire can rightly have, with everything allowed at the other end. */
    @ParameterizedTest
    @CsvSource({
        "100.80.8.1, of the other fence itself",
        "100.80.8.77, of an agent of the other node",
        "10.200.0.1, of no agent",
        "100.90.0.5, of an agent that is elsewhere"
    })
    void falseSourceFromOutside(String source, String whose) throws Exception {
        apply(EVERYTHING, EVERYTHING);
        there.onHost("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire.rp_filter=0");
        try (Capture between = there.captureAtWire("udp and src " + source);
                Capture arriving = answering.capture("udp")) {
            here.onHost("ip addr add " + source + "/32 dev lo 2>/dev/null || true;"
                    + " python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                    + " s.bind((\"" + source + "\", 4242)); s.sendto(b\"x\", (\"" + answers + "\", 8080))'");
            between.awaitPacket();
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).as(whose).isEmpty();
        }
    }

    /** The fence needs nothing of the host for it: its rules are flushed, and what comes goes straight to the uplink. */
    @Test
    void falseSourceAtTheUplinkWithoutTheHostsRules() throws Exception {
        apply(EVERYTHING, EVERYTHING);
        HostileAgent neighbour = there.agent();
        String ofNeighbour = fenceThere
                .attach(neighbour.id(), neighbour.network(), "answering")
                .address();
        there.onHost("nft flush ruleset; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wire.rp_filter=0");
        try (Capture uplink = there.captureAtUplink("udp");
                Capture arriving = answering.capture("udp")) {
            for (String source : List.of(ofNeighbour, "100.80.8.1", "198.51.100.7")) {
                here.onHost("ip addr add " + source + "/32 dev lo;"
                        + " python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                        + " s.bind((\"" + source + "\", 4242)); s.sendto(b\"x\", (\"" + answers + "\", 8080))'");
            }
            assertThat(asking.tcp(answers, PORT)).isEqualTo("ok");
            uplink.awaitPacket();
            assertThat(arriving.packets()).isEmpty();
        }
        neighbour.close();
    }
}
