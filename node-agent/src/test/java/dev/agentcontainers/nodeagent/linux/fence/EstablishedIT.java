package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Packets of connections whose mark is known are not looked up again: what ends that, and what never has part in it. */
@Tag("node")
class EstablishedIT {
    private static final String UDP = "datagrams";
    private static final String TCP = "stream";

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;
    private String address;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        agent = machine.agent();
        address = fence.attach(agent.id(), agent.network(), "wide").address();
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            agent.close();
            fence.destroy();
            machine.close();
        }
    }

    private void open(String host) {
        assertThat(agent.request("open_flow", TCP + host, host, PORT)).isEqualTo("ok");
        assertThat(agent.request("open_datagrams", UDP + host, host, PORT)).isEqualTo("ok");
    }

    private void assertGoesOn(String host) {
        assertThat(agent.request("send_flow", TCP + host)).isEqualTo("ok");
        assertThat(agent.request("send_flow", UDP + host)).isEqualTo("ok");
    }

    private void assertCut(String host) {
        assertThat(agent.request("send_flow", TCP + host)).contains("Connection reset");
        assertThat(agent.request("send_flow", UDP + host)).contains("No route to host");
    }

    /** The chain that all others pass is made to stop everything. */
    @Test
    void whatIsKnownIsNotLookedUpAgain() {
        open(ALLOWED);
        machine.inFence("nft insert rule inet agentfence from_agent drop");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("timed out");
        assertGoesOn(ALLOWED);
    }

    @Test
    void anyChangeHasItLookedUpAgainOnce() throws SandboxException {
        open(ALLOWED);
        open(DENIED);
        fence.apply(List.of(
                Groups.NARROW,
                Groups.group(
                        "wide",
                        Groups.allow("10.20.0.0/24", Protocol.TCP, 1, 65535),
                        Groups.allow("10.20.0.0/24", Protocol.UDP, 1, 65535))));
        assertCut(DENIED);
        assertGoesOn(ALLOWED);
        machine.inFence("nft insert rule inet agentfence from_agent drop");
        assertGoesOn(ALLOWED);
    }

    @Test
    void aGroupThatIsWithdrawnKnowsNoneOfIt() throws SandboxException {
        open(ALLOWED);
        fence.apply(List.of(Groups.NARROW));
        assertCut(ALLOWED);
    }

    @Test
    void anotherGroupDecidesAnew() throws SandboxException {
        open(ALLOWED);
        open(DENIED);
        fence.attach(agent.id(), agent.network(), "narrow");
        assertCut(DENIED);
        assertThat(agent.request("send_flow", TCP + ALLOWED)).isEqualTo("ok");
        assertThat(agent.request("send_flow", UDP + ALLOWED)).contains("No route to host");
    }

    @Test
    void addressesThatAreClosedEndIt() throws SandboxException {
        open(ALLOWED);
        open(DENIED);
        fence.neverAllow(List.of("203.0.113.0/24", DENIED));
        assertCut(DENIED);
        assertGoesOn(ALLOWED);
    }

    @Test
    void addressesThatTheNodeGetsEndIt() throws SandboxException {
        open(ALLOWED);
        open(DENIED);
        machine.onHost("ip addr add " + DENIED + "/32 dev lo");
        fence.repair();
        assertCut(DENIED);
        assertGoesOn(ALLOWED);
    }

    /** What was closed by an earlier process that did not come to ending connections, or closed while there was none. */
    @Test
    void addressesThatAreClosedWhenTheFenceStandsUpAgainEndIt() throws SandboxException {
        open(ALLOWED);
        open(DENIED);
        fence.close();
        FenceSettings settings = Machine.fenceSettings();
        fence.open(new FenceSettings(settings.agentCidr(), settings.fleetCidr(), List.of("203.0.113.0/24", DENIED)));
        assertCut(DENIED);
        assertGoesOn(ALLOWED);
    }

    @Test
    void itGoesOnOverARestart() throws SandboxException {
        open(ALLOWED);
        fence.close();
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.NARROW, Groups.WIDE));
        machine.inFence("nft insert rule inet agentfence from_agent drop");
        assertGoesOn(ALLOWED);
    }

    @Test
    void optionsOfIpAreRefusedInIt() throws Exception {
        open(ALLOWED);
        String recordRoute = "07070400000000" + "01";
        agent.request("set_options", UDP + ALLOWED, recordRoute);
        notDelivered(
                "udp",
                () -> assertThat(agent.request("send_flow", UDP + ALLOWED)).isNotEqualTo("ok"));
    }

    /** The kernel takes it for part of the connection. */
    @Test
    void errorsAboutItAreRefused() throws Exception {
        open(ALLOWED);
        notDelivered(
                "icmp",
                () -> assertThat(agent.request("error_about", TCP + ALLOWED)).isEqualTo("sent"));
    }

    @Test
    void anotherAgentHasNoPartInIt() throws Exception {
        open(ALLOWED);
        int port = Integer.parseInt(agent.request("own_port", UDP + ALLOWED));
        try (HostileAgent other = machine.agent()) {
            fence.attach(other.id(), other.network(), "wide");
            notDelivered(
                    other,
                    "udp",
                    () -> assertThat(other.request("spoof_flow", address, port, ALLOWED, PORT))
                            .isEqualTo("sent"));
            fence.detach(other.id());
        }
    }

    @Test
    void aRuleThatSomeoneAddsTakesOrAltersIsPutRight() throws SandboxException {
        for (String change : List.of(
                "nft insert rule inet agentfence f_narrow accept",
                "nft flush chain inet agentfence f_narrow",
                altered("f_narrow", "s/ct mark/ct mark !=/"),
                altered("f_narrow", "s/ct mark 0x[0-9a-f]*/ct mark 0x40000001/"),
                altered("f_narrow", "s/ct mark 0x[0-9a-f]*/ct mark { 0x40000001 }/"),
                altered("f_narrow", "s/ct state established //"),
                altered("f_narrow", "s/ct direction original //"),
                altered("f_narrow", "s/ct mark 0x[0-9a-f]*/ct mark 0x40000001/") + "; "
                        + altered("g_narrow", "s/set 0x[0-9a-f]*/set 0x40000001/"),
                altered("g_narrow", "s/set 0x[0-9a-f]*/set 0x40000001/"),
                altered("g_narrow", "s/@/!= @/"))) {
            machine.inFence(change);
            assertThat(fence.repair().repaired())
                    .as(change)
                    .containsExactly("the rules of the policy group narrow were changed");
            assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        }
    }

    /** Puts the chain's first rule back as the expression of sed makes it. */
    private static String altered(String chain, String expression) {
        return "rule=$(nft list chain inet agentfence " + chain + " | grep accept | sed '" + expression + "');"
                + " handle=$(nft -a list chain inet agentfence " + chain
                + " | grep accept | grep -o 'handle [0-9]*');"
                + " nft replace rule inet agentfence " + chain + " $handle $rule";
    }

    private interface Deed {
        void run() throws Exception;
    }

    private void notDelivered(String filter, Deed deed) throws Exception {
        notDelivered(agent, filter, deed);
    }

    private void notDelivered(HostileAgent sender, String filter, Deed deed) throws Exception {
        long before = denied(sender);
        try (Capture sent = sender.capture(filter);
                Capture arriving = machine.captureAtServers(filter)) {
            deed.run();
            sent.awaitPacket();
            // What was sent later arrives: what was sent before has had its time.
            try (Capture marker = machine.captureAtServers("tcp port 8080")) {
                assertThat(sender.tcp(ALLOWED, PORT)).isEqualTo("ok");
                marker.awaitPacket();
            }
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(denied(sender)).isGreaterThan(before);
    }

    private long denied(HostileAgent sender) throws SandboxException {
        return Objects.requireNonNull(fence.attachments().get(sender.id())).deniedPackets();
    }

    /** It makes the kernel's way of finding a route longer for all packets. */
    @Test
    void routingByMarkComesWithTheFirstRuleThatNeedsItAndStays() throws SandboxException {
        assertThat(machine.inFence("ip rule")).doesNotContain("fwmark");
        GroupRuleset tls = Groups.named("tls", List.of(), List.of(Groups.name("www.example.org", Protocol.TCP, 443)));
        fence.apply(List.of(Groups.NARROW, Groups.WIDE, tls));
        assertThat(machine.inFence("ip rule")).contains("fwmark");
        machine.inFence("ip rule del pref 100; ip route flush table 100");
        fence.repair();
        assertThat(machine.inFence("ip rule; ip route show table 100")).contains("fwmark", "local default dev lo");
        fence.close();
        machine.inFence("ip rule del pref 100; ip route flush table 100");
        fence.open(Machine.fenceSettings());
        assertThat(machine.inFence("ip rule; ip route show table 100")).contains("fwmark", "local default dev lo");
    }

    @Test
    void aNamesConnectionKeepsItsOwnMark() throws SandboxException {
        GroupRuleset named = Groups.group(
                "named", List.of(), List.of(), List.of(Groups.name("www.example.org", Protocol.TCP, PORT)));
        GroupRuleset both = Groups.group("named", Groups.at(Machine.PUBLIC, PORT), List.of(), named.names());
        fence.apply(List.of(named));
        fence.attach(agent.id(), agent.network(), "named");
        fence.openResolved(
                agent.id(),
                named.hash(),
                List.of(new ResolvedDestination(Machine.PUBLIC, Protocol.TCP, PORT, Duration.ofMinutes(1))));
        assertThat(agent.request("open_flow", "named", Machine.PUBLIC, PORT)).isEqualTo("ok");
        fence.apply(List.of(both));
        assertThat(agent.request("send_flow", "named")).isEqualTo("ok");
        fence.apply(List.of(named));
        assertThat(agent.request("send_flow", "named")).isEqualTo("ok");
        machine.inFence("nft insert rule inet agentfence from_agent drop");
        assertThat(agent.request("send_flow", "named"))
                .as("looked up by its name's mark")
                .isEqualTo("ok");
        fence.apply(List.of(Groups.named("named")));
        machine.inFence("nft delete rule inet agentfence from_agent handle"
                + " $(nft -a list chain inet agentfence from_agent | grep -o 'drop # handle [0-9]*'"
                + " | grep -o '[0-9]*$')");
        assertThat(agent.request("send_flow", "named")).contains("Connection reset");
    }
}
