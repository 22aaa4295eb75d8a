package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * How fast agents send and receive that try to do so faster than they may. Counted by the kernel where it arrives: what a fence
 * drops is not there.
 */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetworkRatesIT {
    private static final long RATE = 1 << 20;
    private static final int SECONDS = 2;
    private static final int SINK = 9090;
    private static final int SOURCE = 9091;
    private static final List<Allow> EVERYTHING = List.of(
            Groups.allow("0.0.0.0/0", Protocol.TCP, 1, 65535), Groups.allow("0.0.0.0/0", Protocol.UDP, 1, 65535));

    /** Sends to everybody, and takes from every agent. */
    private static final GroupRuleset PEER =
            Groups.group("peer", EVERYTHING, List.of(Groups.allow("100.80.0.0/12", Protocol.TCP, 1, 65535)), List.of());

    private static final NetworkRates SENDING = new NetworkRates(OptionalLong.of(RATE), OptionalLong.empty());
    private static final NetworkRates RECEIVING = new NetworkRates(OptionalLong.empty(), OptionalLong.of(RATE));

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeAll
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        machine.meter(ALLOWED, SINK, SOURCE);
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.WIDE, PEER));
    }

    @AfterAll
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            fence.destroy();
            machine.close();
        }
    }

    @BeforeEach
    void start() throws IOException {
        agent = machine.agent();
    }

    @AfterEach
    void detach() throws SandboxException {
        agent.close();
        fence.detach(agent.id());
        assertThat(machine.inFence("nft list map inet agentfence sending_rates 2>&1 || true")
                        + machine.inFence("nft list map inet agentfence receiving_rates 2>&1 || true")
                        + machine.inFence("nft list limits"))
                .doesNotContain(Names.agentInterface(agent.id()));
    }

    private void attach(NetworkRates rates) throws SandboxException {
        fence.attach(agent.id(), agent.network(), "wide", rates);
    }

    private interface Count {
        long bytes();
    }

    private interface Traffic {
        void pass();
    }

    /** What came in that time. */
    private record Passed(long bytes, double seconds) {
        static Passed during(Traffic traffic, Count count) {
            long begun = System.nanoTime();
            long before = count.bytes();
            traffic.pass();
            long bytes = count.bytes() - before;
            return new Passed(bytes, (System.nanoTime() - begun) / 1e9);
        }

        /** No more than the rate, but for what may come at once; and enough to be of use. */
        void assertHeldTo(long rate) {
            assertThat(bytes).as("%.1f s", seconds).isLessThanOrEqualTo(most(rate));
            assertThat(bytes).as("%.1f s", seconds).isGreaterThan((long) (rate * seconds / 4));
        }

        void assertFarFasterThan(long rate) {
            assertThat(bytes).as("%.1f s", seconds).isGreaterThan(4 * most(rate));
        }

        private long most(long rate) {
            return (long) (rate * seconds * 1.25) + rate + AgentRates.BURST;
        }
    }

    private Passed sent(int streams, int datagrams) {
        return Passed.during(
                () -> assertThat(agent.request("pour", ALLOWED, SINK, SECONDS, streams, datagrams))
                        .isEqualTo("poured"),
                machine::arrived);
    }

    private Passed received(int streams, int datagrams) {
        return Passed.during(
                () -> assertThat(agent.request("drink", ALLOWED, SOURCE, SECONDS, streams, datagrams))
                        .isEqualTo("drunk"),
                () -> received(agent));
    }

    private static long received(HostileAgent by) {
        return Long.parseLong(by.request("received"));
    }

    private Passed arrivingFor(Duration time) {
        return Passed.during(
                () -> await().pollDelay(time).atMost(time.plusSeconds(5)).until(() -> true), machine::arrived);
    }

    @Test
    void anAgentSendsNoFasterThanItsRate() throws SandboxException {
        attach(NetworkRates.NONE);
        sent(1, 0).assertFarFasterThan(RATE);
        attach(SENDING);
        sent(1, 0).assertHeldTo(RATE);
        received(1, 0).assertFarFasterThan(RATE);
    }

    @Test
    void anAgentReceivesNoFasterThanItsRate() throws SandboxException {
        attach(NetworkRates.NONE);
        received(1, 0).assertFarFasterThan(RATE);
        attach(RECEIVING);
        received(1, 0).assertHeldTo(RATE);
        sent(1, 0).assertFarFasterThan(RATE);
    }

    @Test
    void datagramsAreHeldToItToo() throws SandboxException {
        attach(new NetworkRates(OptionalLong.of(RATE), OptionalLong.of(RATE / 2)));
        sent(0, 1).assertHeldTo(RATE);
        received(0, 1).assertHeldTo(RATE / 2);
    }

    @Test
    void manyFlowsHaveOneRateTogether() throws SandboxException {
        attach(new NetworkRates(OptionalLong.of(RATE), OptionalLong.of(RATE / 2)));
        sent(12, 2).assertHeldTo(RATE);
        received(12, 2).assertHeldTo(RATE / 2);
    }

    /** Packets of 64 KiB that the kernel puts together of it pass too, only seldom. */
    @Test
    void theLeastRateIsOneAtWhichSomethingPasses() throws SandboxException {
        long least = 16 << 10;
        attach(new NetworkRates(OptionalLong.of(least), OptionalLong.of(least)));
        assertThat(sent(1, 0).bytes()).isBetween(least, 6 * least + AgentRates.BURST);
        assertThat(received(1, 0).bytes()).isBetween(least, 6 * least + AgentRates.BURST);
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void aRateThatChangesHoldsForFlowsThatExist() throws SandboxException {
        attach(NetworkRates.NONE);
        assertThat(agent.request("begin_pouring", "flow", ALLOWED, SINK)).isEqualTo("begun");
        arrivingFor(Duration.ofSeconds(2)).assertFarFasterThan(RATE);
        attach(SENDING);
        arrivingFor(Duration.ofSeconds(5)).assertHeldTo(RATE);
        attach(new NetworkRates(OptionalLong.of(4 * RATE), OptionalLong.empty()));
        arrivingFor(Duration.ofSeconds(5)).assertHeldTo(4 * RATE);
        attach(new NetworkRates(OptionalLong.of(RATE / 2), OptionalLong.empty()));
        arrivingFor(Duration.ofSeconds(5)).assertHeldTo(RATE / 2);
        attach(NetworkRates.NONE);
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> arrivingFor(Duration.ofSeconds(1)).assertFarFasterThan(RATE));
        assertThat(agent.request("end_pouring", "flow")).isEqualTo("ended");
    }

    @Test
    void betweenAgentsOfANodeTheRatesOfBothHold() throws Exception {
        try (HostileAgent other = machine.agent()) {
            String address = fence.attach(other.id(), other.network(), "peer").address();
            machine.meter(other, address, SINK, SOURCE);
            fence.attach(agent.id(), agent.network(), "peer");
            sentTo(other, address).assertFarFasterThan(RATE);
            fence.attach(agent.id(), agent.network(), "peer", SENDING);
            sentTo(other, address).assertHeldTo(RATE);
            fence.attach(agent.id(), agent.network(), "peer");
            fence.attach(other.id(), other.network(), "peer", RECEIVING);
            sentTo(other, address).assertHeldTo(RATE);
            fence.detach(other.id());
        }
    }

    private Passed sentTo(HostileAgent other, String address) {
        return Passed.during(
                () -> assertThat(agent.request("pour", address, SINK, SECONDS, 4))
                        .isEqualTo("poured"),
                () -> received(other));
    }

    @Test
    void anotherAgentHasARateOfItsOwn() throws Exception {
        attach(SENDING);
        try (HostileAgent other = machine.agent()) {
            fence.attach(other.id(), other.network(), "wide", SENDING);
            Passed passed = Passed.during(
                    () -> List.of(agent, other).parallelStream()
                            .forEach(each -> assertThat(each.request("pour", ALLOWED, SINK, SECONDS, 0, 1))
                                    .isEqualTo("poured")),
                    machine::arrived);
            passed.assertHeldTo(2 * RATE);
            // More than one rate for both would let pass.
            assertThat(passed.bytes()).isGreaterThan(passed.most(RATE) + RATE);
            fence.detach(other.id());
        }
    }

    /** An answer of the name server is from the fence itself. */
    @Test
    void whatTheFenceItselfAnswersIsCountedToo() throws Exception {
        Process server = machine.nameServer(fence.nameServerSockets());
        attach(new NetworkRates(OptionalLong.empty(), OptionalLong.of(16 << 10)));
        long before = received(agent);
        long begun = System.nanoTime();
        for (int i = 0; i < 300; i++) {
            agent.request("datagram", AddressPlan.NEXT_HOP.toString(), 53, 1400);
            if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(5)) {
                break;
            }
        }
        new Passed(received(agent) - before, (System.nanoTime() - begun) / 1e9).assertHeldTo(16 << 10);
        server.destroyForcibly();
    }

    /** Otherwise an agent that is denied everything could be kept from what it is allowed. */
    @Test
    void whatIsDeniedIsNotCounted() throws SandboxException {
        fence.apply(List.of(Groups.NARROW, Groups.WIDE, PEER));
        fence.attach(
                agent.id(),
                agent.network(),
                "narrow",
                new NetworkRates(OptionalLong.of(16 << 10), OptionalLong.empty()));
        agent.request("pour", DENIED, SINK, 2, 0, 2);
        assertThat(fence.deniedPackets(agent.id())).isGreaterThan(100);
        for (int i = 0; i < 20; i++) {
            assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
        }
    }

    @Test
    void whatComesTooFastIsNotChargedToABudget() throws SandboxException {
        long bytes = 1L << 40;
        GroupRuleset budgeted = Groups.budgeted(
                Groups.group("spender"),
                List.of(new Budget("EgressPolicy/sites spec.egress[a]", bytes, null)),
                new Budgeted(
                        List.of(0),
                        List.of(
                                Groups.allow(ALLOWED + "/32", Protocol.TCP, SINK, SOURCE),
                                Groups.allow(ALLOWED + "/32", Protocol.UDP, SINK, SOURCE)),
                        List.of()));
        fence.apply(List.of(budgeted, Groups.WIDE, PEER));
        fence.attach(agent.id(), agent.network(), "spender", RECEIVING);
        Passed passed = received(0, 2);
        passed.assertHeldTo(RATE);
        assertThat(Objects.requireNonNull(fence.budgets().get(agent.id()))
                        .getFirst()
                        .used())
                .isLessThan(passed.bytes() + RATE);
        fence.detach(agent.id());
        fence.forgetBudgets(agent.id());
        fence.apply(List.of(Groups.WIDE, PEER));
    }

    @Test
    void aRateIsNoPartOfThePolicyAndItsHash() throws SandboxException {
        String hash = fence.attach(agent.id(), agent.network(), "wide").hash();
        assertThat(fence.attach(agent.id(), agent.network(), "wide", SENDING).hash())
                .isEqualTo(hash)
                .isEqualTo(Groups.WIDE.hash());
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        assertThat(Objects.requireNonNull(fence.attachments().get(agent.id())).hash())
                .isEqualTo(hash);
    }

    @Test
    void itOutlivesTheNodeAgent() throws SandboxException {
        attach(SENDING);
        assertThat(agent.request("begin_pouring", "flow", ALLOWED, SINK)).isEqualTo("begun");
        fence.close();
        arrivingFor(Duration.ofSeconds(SECONDS)).assertHeldTo(RATE);
        fence.open(Machine.fenceSettings());
        fence.apply(List.of(Groups.WIDE, PEER));
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        String before = machine.inFence("nft list limits; nft list map inet agentfence sending_rates");
        attach(SENDING);
        assertThat(machine.inFence("nft list limits; nft list map inet agentfence sending_rates"))
                .isEqualTo(before);
        arrivingFor(Duration.ofSeconds(SECONDS)).assertHeldTo(RATE);
        assertThat(agent.request("end_pouring", "flow")).isEqualTo("ended");
    }

    @Test
    void whatOthersTakeAwayOrChangeIsPutRight() throws SandboxException {
        attach(new NetworkRates(OptionalLong.of(RATE), OptionalLong.of(2 * RATE)));
        String table = "inet agentfence ";
        String limit = Names.sendingRate(Names.agentInterface(agent.id()), RATE);
        String element = "'{ \"" + Names.agentInterface(agent.id()) + "\" : \"" + limit + "\" }'";
        for (String change : List.of(
                "nft flush map " + table + Names.SENDING_RATES,
                "nft flush map " + table + Names.RECEIVING_RATES + "; nft flush map " + table + Names.SENDING_RATES,
                "nft flush map " + table + Names.SENDING_RATES + "; nft delete limit " + table + limit,
                "nft flush map " + table + Names.SENDING_RATES + "; nft delete limit " + table + limit
                        + "; nft add limit "
                        + table + limit + " rate over 900 mbytes/second; nft add element " + table + Names.SENDING_RATES
                        + " " + element,
                "nft flush map " + table + Names.SENDING_RATES + "; nft delete limit " + table + limit
                        + "; nft add limit "
                        + table + limit + " rate " + RATE + " bytes/second burst " + AgentRates.BURST
                        + " bytes; nft add element " + table + Names.SENDING_RATES + " " + element,
                "nft flush chain " + table + "rate_sent",
                "nft insert rule " + table + "rate_forwarded accept",
                "nft flush chain " + table + "rate_answered; nft delete chain " + table + "rate_answered")) {
            machine.inFence(change);
            assertThat(fence.repair().repaired()).as(change).isNotEmpty();
            assertThat(fence.repair()).as(change).isEqualTo(Condition.SOUND);
        }
        sent(1, 0).assertHeldTo(RATE);
    }

    @Test
    void anAgentThatOthersHoldToAnothersRateGetsItsOwnBackAndAnotherLive() throws Exception {
        attach(SENDING);
        try (HostileAgent other = machine.agent()) {
            fence.attach(other.id(), other.network(), "wide", SENDING);
            String interfaceName = Names.agentInterface(other.id());
            machine.inFence("nft delete element inet agentfence " + Names.SENDING_RATES + " '{ \"" + interfaceName
                    + "\" }'; nft add element inet agentfence " + Names.SENDING_RATES + " '{ \"" + interfaceName
                    + "\" : \"" + Names.sendingRate(Names.agentInterface(agent.id()), RATE) + "\" }'");

            attach(new NetworkRates(OptionalLong.of(2 * RATE), OptionalLong.empty()));
            assertThat(fence.repair().repaired()).isNotEmpty();
            assertThat(fence.repair()).isEqualTo(Condition.SOUND);

            fence.attach(
                    other.id(),
                    other.network(),
                    "wide",
                    new NetworkRates(OptionalLong.of(3 * RATE), OptionalLong.empty()));
            assertThat(fence.repair()).isEqualTo(Condition.SOUND);
            fence.detach(other.id());
        }
    }

    @Test
    void aTableThatIsDeletedComesBackWithTheRate() throws SandboxException {
        attach(SENDING);
        machine.inFence("nft delete table inet agentfence");
        fence.repair();
        attach(SENDING);
        sent(1, 0).assertHeldTo(RATE);
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void withoutARateThereIsNothingToPass() throws Exception {
        try (Machine fresh = Machine.create();
                HostileAgent unlimited = fresh.agent();
                LinuxFence other = new LinuxFence(fresh.settings(), FenceSystem.linux(), Duration.ZERO)) {
            other.open(Machine.fenceSettings());
            other.apply(List.of(Groups.NARROW));
            other.attach(unlimited.id(), unlimited.network(), "narrow");
            assertThat(fresh.inFence("nft list table inet agentfence")).doesNotContain("rate_", "_rates");
            other.destroy();
        }
    }
}
