package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.fence.Fence.Attachment;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What passes the fence and what does not, for an agent that has all capabilities in its own namespaces and no seccomp.
 * A denied packet is seen to be sent, and not to arrive.
 */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FencePacketsIT {
    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;
    private String address;

    @BeforeAll
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
    }

    @AfterAll
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            fence.destroy();
            machine.close();
        }
    }

    @BeforeEach
    void startAgent() throws IOException, SandboxException {
        agent = machine.agent();
        address = fence.attach(agent.id(), agent.network(), "narrow").address();
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
    void deniedAddress() throws Exception {
        assertThat(sentAndNotDelivered("host " + DENIED, () -> agent.tcp(DENIED, PORT)))
                .contains("No route to host");
    }

    @Test
    void deniedPort() throws Exception {
        assertThat(sentAndNotDelivered("tcp port 8081", () -> agent.tcp(ALLOWED, OTHER_PORT)))
                .contains("No route to host");
    }

    @Test
    void deniedProtocolUdp() throws Exception {
        assertThat(sentAndNotDelivered("udp", () -> agent.udp(ALLOWED, PORT))).contains("No route to host");
    }

    @Test
    void deniedProtocolSctp() throws Exception {
        String sctpToPort8080 = "10001f900000000000000000";
        sentAndNotDelivered("ip proto 132", () -> agent.request("raw", address, ALLOWED, 132, sctpToPort8080));
    }

    @Test
    void sctpPassesWhereAllowed() throws Exception {
        widen();
        try (Capture arriving = machine.captureAtServers("ip proto 132")) {
            assertThat(agent.request("sctp_init", address, ALLOWED, PORT)).isEqualTo("sent");
            arriving.awaitPacket();
        }
    }

    @Test
    void pathWithSmallerPackets() {
        machine.onHost("ip route change default via 10.9.0.2 mtu lock 1300");
        try {
            assertThat(agent.request("upload", ALLOWED, PORT, 100_000)).isEqualTo("ok");
        } finally {
            machine.onHost("ip route change default via 10.9.0.2");
        }
    }

    @Test
    void icmpEvenWhereEveryPortIsAllowed() throws Exception {
        widen();
        assertThat(sentAndNotDelivered("icmp[icmptype] = icmp-echo", () -> agent.request("ping", ALLOWED)))
                .isNotEqualTo("ok");
    }

    @Test
    void otherProtocolsEvenWhereEveryPortIsAllowed() throws Exception {
        widen();
        for (int protocol : List.of(4, 41, 47, 50, 136)) {
            sentAndNotDelivered(
                    "ip proto " + protocol, () -> agent.request("raw", address, ALLOWED, protocol, "0000111100002222"));
        }
    }

    @Test
    void falseSource() throws Exception {
        widen();
        for (String source : List.of("100.80.4.200", "100.80.4.1", HOST, "8.8.8.8", "127.0.0.1")) {
            sentAndNotDelivered(
                    "udp port 8080", () -> agent.request("raw_udp", source, ALLOWED, PORT), "udp and src " + source);
        }
    }

    @Test
    void ownSourceByRawSocketPassesWhereAllowed() throws Exception {
        widen();
        try (Capture arriving = machine.captureAtServers("udp port 8080")) {
            agent.request("raw_udp", address, ALLOWED, PORT);
            arriving.awaitPacket();
        }
    }

    @Test
    void loneFragments() throws Exception {
        widen();
        int moreFragments = 0x2000;
        sentAndNotDelivered(
                "host " + ALLOWED, () -> agent.request("raw_udp", address, ALLOWED, PORT, moreFragments), "udp", false);
        sentAndNotDelivered("host " + ALLOWED, () -> agent.request("raw_udp", address, ALLOWED, PORT, 5), "ip", false);
    }

    @Test
    void wholeDatagramInFragmentsPassesWhereAllowed() throws SandboxException {
        widen();
        assertThat(agent.request("datagram", ALLOWED, PORT, 5000)).isEqualTo("ok");
    }

    @Test
    void fragmentedDatagramToADeniedPort() throws Exception {
        sentAndNotDelivered("host " + ALLOWED, () -> agent.request("datagram", ALLOWED, PORT, 5000), "udp");
    }

    @Test
    void ipOptions() throws Exception {
        widen();
        String looseSourceRoute = "83070400000000" + "00";
        sentAndNotDelivered(
                "host " + ALLOWED,
                () -> agent.request("raw_udp", address, ALLOWED, PORT, 0, looseSourceRoute),
                "ip proto 17");
        String noOperation = "01010101";
        sentAndNotDelivered(
                "host " + ALLOWED, () -> agent.request("raw_udp", address, ALLOWED, PORT, 0, noOperation), "udp");
    }

    @Test
    void ipv6ThatTheAgentSwitchesOn() throws Exception {
        widen();
        agent.shell("echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6;"
                + " echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6;"
                + " ip -6 addr add fd00::5/64 dev eth0 nodad");
        String header = "60000000000c1140";
        String packet = header + "fd000000000000000000000000000005" + "fd000000000000000000000000000001"
                + "10921f90000c000068656c6c";
        // The fence has no IPv6 at all, so its rules need not even see the packet.
        sentAndNotDelivered("ip6 net fd00::/8", () -> agent.request("frame", packet, 0x86dd), "ip6 and udp", false);
        assertThat(agent.tcp("fd00::1", PORT)).isNotEqualTo("ok");
    }

    @Test
    void framesOfOtherProtocols() throws Exception {
        widen();
        try (Capture arriving = machine.captureAtServers("not ip and not ip6 and not arp")) {
            for (int type : List.of(0x8100, 0x8847, 0x88cc, 0x0806)) {
                assertThat(agent.request("frame", "45000020".repeat(10), type)).isEqualTo("sent");
            }
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    @Test
    void metadataEvenWhereEverythingIsAllowed() throws Exception {
        widen();
        assertThat(machine.onHost("ip route get " + METADATA)).contains("10.9.0.2");
        assertThat(sentAndNotDelivered("host " + METADATA, () -> agent.tcp(METADATA, PORT)))
                .isNotEqualTo("ok");
    }

    @Test
    void neverAllowedEvenWhereEverythingIsAllowed() throws Exception {
        widen();
        assertThat(sentAndNotDelivered("host 203.0.113.5", () -> agent.tcp("203.0.113.5", PORT)))
                .contains("No route to host");
    }

    @Test
    void nodesOwnListenersEvenWhereEverythingIsAllowed() throws SandboxException {
        widen();
        assertThat(machine.onServers("timeout 2 bash -c '</dev/tcp/" + HOST + "/8080' && echo listening"))
                .contains("listening");
        assertThat(agent.tcp(HOST, PORT)).contains("No route to host");
        assertThat(agent.tcp("100.80.4.1", PORT)).isNotEqualTo("ok");
        assertThat(agent.tcp("169.254.1.1", PORT)).isNotEqualTo("ok");
        assertThat(agent.udp(HOST, PORT)).isNotEqualTo("ok");
    }

    @Test
    void addressThatTheNodeGotLater() throws SandboxException {
        widen();
        machine.onHost("ip addr add 10.77.0.1/32 dev lo");
        // Until the fence knows it, its second ring on the host drops it; afterwards the fence refuses it.
        assertThat(agent.tcp("10.77.0.1", PORT)).contains("timed out");
        fence.repair();
        assertThat(agent.tcp("10.77.0.1", PORT)).contains("No route to host");
        machine.onHost("ip addr del 10.77.0.1/32 dev lo");
        fence.repair();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void otherAgentsOfTheNode() throws Exception {
        widen();
        try (HostileAgent other = machine.agent()) {
            Attachment attachment = fence.attach(other.id(), other.network(), "wide");
            try (Capture arriving = other.capture("src " + address)) {
                assertThat(agent.tcp(attachment.address(), PORT)).contains("No route to host");
                agent.request("raw_udp", address, attachment.address(), PORT);
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                assertThat(arriving.packets()).isEmpty();
            }
            fence.detach(other.id());
        }
    }

    @Test
    void nothingComesInFromOutside() throws Exception {
        widen();
        machine.onServers("ip route add 100.80.4.0/24 via " + HOST);
        try (Capture arriving = agent.capture("ip")) {
            machine.onServers("timeout 1 bash -c '</dev/tcp/" + address + "/22' || true;" + " echo x >/dev/udp/"
                    + address + "/53 || true");
            assertThat(agent.tcp(DENIED, PORT)).isEqualTo("ok");
            assertThat(arriving.packets()).noneMatch(packet -> packet.contains(address + ".22"));
        } finally {
            machine.onServers("ip route del 100.80.4.0/24");
        }
    }

    @Test
    void sourceIsTranslatedToTheOutside() throws Exception {
        try (Capture arriving = machine.captureAtServers("tcp port 8080")) {
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
            arriving.awaitPacket();
            assertThat(arriving.packets())
                    .allMatch(packet -> packet.contains(HOST + ".") && !packet.contains("100.80."));
        }
    }

    @Test
    void sourceIsKeptWithinTheFleet() throws Exception {
        widen();
        machine.onServers("ip addr add 100.81.0.5/32 dev lo");
        machine.onHost("ip route add 100.81.0.0/24 via 10.9.0.2");
        try (Capture arriving = machine.captureAtServers("host 100.81.0.5")) {
            agent.request("raw_udp", address, "100.81.0.5", PORT);
            arriving.awaitPacket();
            assertThat(arriving.packets()).allMatch(packet -> packet.contains("IP " + address + "."));
        } finally {
            machine.onHost("ip route del 100.81.0.0/24");
            machine.onServers("ip addr del 100.81.0.5/32 dev lo");
        }
    }

    @Test
    void agentThatChangesItsOwnSide() throws Exception {
        assertThat(agent.shell("nft flush ruleset")).startsWith("0");
        assertThat(agent.shell("ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:01;"
                        + " ip addr flush dev eth0; ip addr add 100.80.4.200/32 dev eth0; ip link set eth0 up;"
                        + " ip neigh replace 169.254.1.1 lladdr $(ip neigh | grep -o '..:..:..:..:..:..' | head -1"
                        + " | grep . || echo 0e:ac:64:50:04:02) dev eth0 nud permanent;"
                        + " ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1"))
                .startsWith("0");
        try (Capture arriving = machine.captureAtServers("ip")) {
            assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
            assertThat(agent.tcp(DENIED, PORT)).isNotEqualTo("ok");
            agent.shell("ip addr add " + address + "/32 dev eth0; ip addr del 100.80.4.200/32 dev eth0");
            assertThat(agent.tcp(DENIED, PORT)).isNotEqualTo("ok");
            assertThat(arriving.packets()).noneMatch(packet -> packet.contains(DENIED));
        }
    }

    @Test
    void agentThatDeletesItsInterface() throws SandboxException {
        assertThat(agent.shell("ip link del eth0")).startsWith("0");
        assertThat(fence.attachments()).doesNotContainKey(agent.id());
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        fence.detach(agent.id());
        assertThat(machine.inFence("nft list ruleset")).doesNotContain(address);
    }

    private void widen() throws SandboxException {
        assertThat(fence.attach(agent.id(), agent.network(), "wide").address()).isEqualTo(address);
    }

    private String sentAndNotDelivered(String filter, Supplier<String> deed) throws Exception {
        return sentAndNotDelivered(filter, deed, filter, true);
    }

    private String sentAndNotDelivered(String filter, Supplier<String> deed, String sentFilter) throws Exception {
        return sentAndNotDelivered(filter, deed, sentFilter, true);
    }

    /** @param counted whether the packet comes as far as the fence's rules */
    private String sentAndNotDelivered(String filter, Supplier<String> deed, String sentFilter, boolean counted)
            throws Exception {
        long before = attachment().deniedPackets();
        try (Capture sent = agent.capture(sentFilter);
                Capture arriving = machine.captureAtServers(filter)) {
            String answer = deed.get();
            sent.awaitPacket(answer);
            // What was sent later arrives: what was sent before has had its time.
            try (Capture marker = machine.captureAtServers("tcp port 8080 and host 10.20.0.1")) {
                assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
                marker.awaitPacket();
            }
            // The marker's own packets are the only TCP to the allowed address and port.
            assertThat(arriving.packets())
                    .filteredOn(packet -> !packet.contains(ALLOWED + ".8080: Flags")
                            && !packet.contains("IP " + ALLOWED + ".8080 > "))
                    .isEmpty();
            if (counted) {
                assertThat(attachment().deniedPackets()).isGreaterThan(before);
            }
            return answer;
        }
    }

    private Attachment attachment() throws SandboxException {
        return Optional.ofNullable(fence.attachments().get(agent.id())).orElseThrow();
    }
}
