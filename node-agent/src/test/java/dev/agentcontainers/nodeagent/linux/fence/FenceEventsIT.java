package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.HOST;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.METADATA;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Closed;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Denied;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Opened;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the fence tells of what it lets pass and stops, for an agent with all capabilities and no seccomp. */
@Tag("node")
class FenceEventsIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int TCP = 6;
    private static final int UDP = 17;

    private final List<FenceEvent> events = new CopyOnWriteArrayList<>();
    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;
    private String address;

    @BeforeEach
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = machine.fence();
        fence.open(Machine.fenceSettings());
        fence.observe(events::add);
        fence.apply(List.of(Groups.NARROW));
        agent = machine.agent();
        address = fence.attach(agent.id(), agent.network(), "narrow").address();
    }

    @AfterEach
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            agent.close();
            fence.destroy();
            machine.close();
        }
    }

    private <T extends FenceEvent> List<T> told(Class<T> kind, Predicate<T> which) {
        return events.stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .filter(which)
                .toList();
    }

    private <T extends FenceEvent> T awaitOne(Class<T> kind, Predicate<T> which) {
        await().atMost(SOON).untilAsserted(() -> assertThat(told(kind, which)).isNotEmpty());
        return told(kind, which).getFirst();
    }

    private Denied awaitDenied(String destination, int port) {
        return awaitOne(
                Denied.class,
                denied -> denied.tuple().destination().equals(destination)
                        && denied.tuple().destinationPort() == port);
    }

    @Test
    void aDeniedAddressAndADeniedPort() {
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        Denied there = awaitDenied(DENIED, PORT);
        assertThat(there.barrier()).isEqualTo(Barrier.EGRESS);
        assertThat(there.sender()).contains(agent.id());
        assertThat(there.tuple().protocol()).isEqualTo(TCP);
        assertThat(there.tuple().source()).isEqualTo(address);
        assertThat(there.tuple().sourcePort()).isPositive();

        assertThat(agent.udp(ALLOWED, OTHER_PORT)).contains("No route to host");
        Denied port = awaitDenied(ALLOWED, OTHER_PORT);
        assertThat(port.barrier()).isEqualTo(Barrier.EGRESS);
        assertThat(port.tuple().protocol()).isEqualTo(UDP);
        assertThat(told(Opened.class, _ -> true)).isEmpty();
    }

    @Test
    void eachBarrierIsNamed() {
        agent.tcp(METADATA, PORT);
        agent.tcp(HOST, PORT);
        agent.tcp("203.0.113.5", PORT);
        for (String closed : List.of(METADATA, HOST, "203.0.113.5")) {
            assertThat(awaitDenied(closed, PORT).barrier()).as(closed).isEqualTo(Barrier.CLOSED);
        }
        agent.request("unconnected", "224.0.0.251", 5353);
        assertThat(awaitDenied("224.0.0.251", 5353).barrier()).isIn(Barrier.CLOSED, Barrier.NOT_UNICAST);
        agent.request("ping", ALLOWED);
        assertThat(awaitOne(Denied.class, denied -> denied.tuple().protocol() == 1)
                        .barrier())
                .isEqualTo(Barrier.PROTOCOL);
        agent.tcp("169.254.1.1", PORT);
        assertThat(awaitDenied("169.254.1.1", PORT).barrier()).isEqualTo(Barrier.NAME_SERVER);
        agent.request("raw_udp", address, ALLOWED, PORT, 0, "01010101");
        assertThat(awaitOne(Denied.class, denied -> denied.barrier() == Barrier.OPTIONS)
                        .tuple()
                        .destinationPort())
                .isEqualTo(PORT);
    }

    /** Whatever it begins: what it fills of the table that all agents share is its part, and another still has room. */
    @Test
    void anAgentWithAsManyConnectionsAsItMayHaveBeginsNoMore() throws Exception {
        int most = ConnectionLimit.ofTable(
                        Long.parseLong(machine.inFence("cat /proc/sys/net/netfilter/nf_conntrack_max")
                                .strip()))
                .most();
        fence.apply(List.of(Groups.WIDE));
        fence.attach(agent.id(), agent.network(), "wide");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.request("crowd", ALLOWED, 10_000, most + 300)).isEqualTo("sent");

        // At once or, as after any flood, without an answer.
        assertThat(agent.tcp(ALLOWED, PORT)).isNotEqualTo("ok");
        assertThat(awaitOne(Denied.class, denied -> denied.barrier() == Barrier.CONNECTIONS)
                        .sender())
                .contains(agent.id());
        String held = machine.inFence("grep -c 'udp .*src=" + address + " ' /proc/net/nf_conntrack");
        assertThat(Integer.parseInt(held.strip())).isBetween(most - 10, most);
        try (HostileAgent other = machine.agent()) {
            fence.attach(other.id(), other.network(), "wide");
            assertThat(other.tcp(ALLOWED, PORT)).isEqualTo("ok");
            fence.detach(other.id());
        }

        fence.detach(agent.id());
        fence.attach(agent.id(), agent.network(), "wide");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void aFalseSourceIsTheSenders() {
        agent.request("raw_udp", "100.80.4.200", ALLOWED, PORT);
        Denied denied = awaitOne(Denied.class, each -> each.barrier() == Barrier.SOURCE);
        assertThat(denied.sender()).contains(agent.id());
        assertThat(denied.tuple()).isEqualTo(new Tuple(UDP, "100.80.4.200", 4242, ALLOWED, PORT));
    }

    @Test
    void anInterfaceThatTheRulesDoNotKnow() throws Exception {
        HostileAgent rogue = machine.agent();
        try {
            long pid = rogue.process().pid();
            machine.inFence("ip link add acrogue type veth peer name eth0 netns " + pid
                    + "; ip link set acrogue up; ip route add 100.80.4.9/32 dev acrogue");
            rogue.shell("ip addr add 100.80.4.9/32 dev eth0; ip link set eth0 up;"
                    + " ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1;"
                    + " ip neigh replace 169.254.1.1 dev eth0 nud permanent lladdr "
                    + machine.inFence("cat /sys/class/net/acrogue/address").strip());
            assertThat(rogue.tcp(ALLOWED, PORT)).contains("timed out");
            Denied denied = awaitDenied(ALLOWED, PORT);
            assertThat(denied.barrier()).isEqualTo(Barrier.SOURCE);
            assertThat(denied.sender()).isEmpty();
        } finally {
            rogue.close();
        }
    }

    /** Counted by the server's own kernel, headers included, as the fence's does. */
    @Test
    void anAllowedFlowIsToldOfWithWhatTheServerSaw() {
        machine.onServers("nft add table ip count; nft add chain ip count in '{ type filter hook input priority 0; }';"
                + " nft add chain ip count out '{ type filter hook output priority 0; }';"
                + " nft add rule ip count in ip saddr " + HOST + " counter;"
                + " nft add rule ip count out ip daddr " + HOST + " counter");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");

        Opened opened = awaitOne(Opened.class, _ -> true);
        assertThat(opened.tuple().source()).isEqualTo(address);
        assertThat(opened.tuple().destination()).isEqualTo(ALLOWED);
        assertThat(opened.tuple().destinationPort()).isEqualTo(PORT);
        Closed closed = awaitOne(Closed.class, each -> each.flow().equals(opened.flow()));
        assertThat(closed.tuple()).isEqualTo(opened.tuple());
        assertThat(closed.traffic()).isPresent();
        assertThat(closed.lasted())
                .hasValueSatisfying(lasted -> assertThat(lasted).isLessThan(SOON));
        FenceEvent.Traffic traffic = closed.traffic().orElseThrow();
        assertThat("packets %d bytes %d".formatted(traffic.packetsSent(), traffic.bytesSent()))
                .isEqualTo(counter("in"));
        assertThat("packets %d bytes %d".formatted(traffic.packetsReceived(), traffic.bytesReceived()))
                .isEqualTo(counter("out"));
        assertThat(told(Denied.class, _ -> true)).isEmpty();
    }

    private String counter(String chain) {
        return machine.onServers("nft list chain ip count " + chain + " | grep -o 'packets [0-9]* bytes [0-9]*'")
                .strip();
    }

    @Test
    void aFlowThatEndsWithItsAgentIsClosed() throws SandboxException {
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        Opened opened = awaitOne(Opened.class, _ -> true);
        fence.detach(agent.id());
        Closed closed = awaitOne(Closed.class, each -> each.flow().equals(opened.flow()));
        assertThat(closed.traffic().orElseThrow().bytesSent()).isPositive();
    }

    /** What is told of is limited for each agent, so that others' is not lost; all of it is counted. */
    @Test
    void aFloodIsLimitedAndCounted() throws Exception {
        HostileAgent other = machine.agent();
        try {
            fence.attach(other.id(), other.network(), "narrow");
            agent.request("flood", DENIED, 53, 5000);
            other.udp(DENIED, OTHER_PORT);
            awaitOne(Denied.class, denied -> denied.sender().equals(Optional.of(other.id())));
            assertThat(fence.deniedPackets(agent.id())).isEqualTo(5000);
            assertThat(told(Denied.class, denied -> denied.sender().equals(Optional.of(agent.id()))))
                    .hasSizeBetween(10, 400);
        } finally {
            other.close();
        }
    }

    /** A connection that begins while nobody listens is told of when it ends, with all that was counted. */
    @Test
    void theNextNodeAgentReadsOn() throws SandboxException {
        fence.close();
        assertThat(agent.request("open_flow", "flow", ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        assertThat(fence().deniedPackets(agent.id())).isPositive();
        fence.observe(events::add);
        assertThat(agent.tcp(DENIED, OTHER_PORT)).contains("No route to host");
        assertThat(awaitDenied(DENIED, OTHER_PORT).sender()).contains(agent.id());
        fence.detach(agent.id());
        Closed closed =
                awaitOne(Closed.class, each -> each.tuple().destination().equals(ALLOWED));
        assertThat(closed.traffic().orElseThrow().bytesSent()).isPositive();
    }

    private LinuxFence fence() throws SandboxException {
        fence.open(Machine.fenceSettings());
        return fence;
    }

    /** It allows nothing and denies nothing, whether or not somebody listens. */
    @Test
    void withoutAListenerEverythingIsAsBefore() throws SandboxException {
        fence.close();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        agent.request("flood", DENIED, 53, 2000);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(fence().deniedPackets(agent.id())).isGreaterThan(2000);
    }

    /** A listener that fails or hangs holds up itself. */
    @Test
    void aListenerThatFailsKeepsNothingFromTheNext() throws Exception {
        fence.observe(_ -> {
            throw new IllegalStateException("made to fail");
        });
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        assertThat(agent.tcp(DENIED, PORT)).contains("No route to host");
        fence.observe(events::add);
        assertThat(agent.tcp(DENIED, OTHER_PORT)).contains("No route to host");
        awaitDenied(DENIED, OTHER_PORT);
    }
}
