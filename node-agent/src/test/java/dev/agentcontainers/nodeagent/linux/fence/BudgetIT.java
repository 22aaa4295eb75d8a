package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.DENIED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.OTHER_PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What agents may send and receive by rules with budgets, and what must not give them more. */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BudgetIT {
    private static final long MEBI = 1 << 20;
    private static final long LIMIT = 2 * MEBI;
    private static final long TOLERANCE = 256 << 10;

    /** Everything at one port within the budget. */
    private static final GroupRuleset BUDGETED =
            Groups.budgeted(Groups.group("spender"), LIMIT, Groups.at(ALLOWED, PORT));

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    @BeforeAll
    void openFence() throws IOException, SandboxException {
        machine = Machine.create();
        fence = new LinuxFence(machine.settings(), FenceSystem.linux(), Duration.ZERO);
        fence.open(Machine.fenceSettings());
    }

    @AfterAll
    void destroyFence() throws IOException, SandboxException {
        if (machine != null) {
            fence.destroy();
            machine.close();
        }
    }

    @BeforeEach
    void attach() throws IOException, SandboxException {
        fence.apply(List.of(BUDGETED));
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "spender");
    }

    @AfterEach
    void detach() throws IOException, SandboxException {
        agent.close();
        fence.detach(agent.id());
        fence.forgetBudgets(agent.id());
    }

    private static long spend(HostileAgent spender, long most) {
        return Long.parseLong(spender.request("spend", ALLOWED, PORT, most));
    }

    private BudgetUse use(HostileAgent spender) throws SandboxException {
        return uses(spender).getFirst();
    }

    private List<BudgetUse> uses(HostileAgent spender) throws SandboxException {
        return Objects.requireNonNull(fence.budgets().get(spender.id()));
    }

    private static void assertAround(long bytes, long limit) {
        assertThat(bytes).isBetween(limit - limit / 20 - TOLERANCE, limit + limit / 20);
    }

    @Test
    void streamsStopAtTheLimitBothWaysTogether() throws SandboxException {
        assertThat(use(agent).used()).isZero();
        assertAround(spend(agent, 4 * LIMIT), LIMIT);
        assertThat(use(agent))
                .isEqualTo(new BudgetUse(
                        use(agent).rule(), LIMIT, use(agent).bytes(), use(agent).rate()));
        assertThat(use(agent).exhausted()).isTrue();
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        assertThat(agent.udp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void datagramsStopAtTheLimitBothWaysTogether() throws SandboxException {
        assertAround(Long.parseLong(agent.request("spend_datagrams", ALLOWED, PORT, 4 * LIMIT)), LIMIT);
        assertThat(use(agent).exhausted()).isTrue();
    }

    @Test
    void whatIsCountedIsWhatPasses() throws SandboxException {
        long passed = spend(agent, MEBI);
        assertThat(use(agent).used()).isBetween(passed, passed + passed / 8);
        assertThat(use(agent).exhausted()).isFalse();
    }

    /** The other side sends on, and the agent nothing. */
    @Test
    void whatComesFromOutsideIsCountedAndStoppedToo() throws Exception {
        assertThat(agent.request("open_datagrams", "held", ALLOWED, PORT)).isEqualTo("ok");
        int port = Integer.parseInt(agent.request("own_port", "held"));
        long before = use(agent).used();
        try (Capture arriving = agent.capture("udp")) {
            sendFromOutside(port);
            arriving.awaitPacket();
        }
        assertThat(use(agent).used()).isEqualTo(before + 1028);
        spend(agent, 4 * LIMIT);
        try (Capture arriving = agent.capture("udp");
                Capture atTheFence = machine.captureAtUplink("udp")) {
            sendFromOutside(port);
            atTheFence.awaitPacket();
            assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
    }

    private void sendFromOutside(int port) {
        machine.onServers("""
                python3 -c '
                import socket, struct
                body = b"d" * 1000
                packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 1028, 1, 0, 64, 17, 0,
                    socket.inet_aton("%s"), socket.inet_aton("%s")) + struct.pack("!HHHH", %d, %d, 1008, 0) + body
                with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
                    s.sendto(packet, ("%s", 0))
                '
                """.formatted(ALLOWED, Machine.HOST, PORT, port, Machine.HOST));
    }

    @Test
    void eachAgentHasItsOwn() throws Exception {
        spend(agent, 4 * LIMIT);
        try (HostileAgent other = machine.agent()) {
            fence.attach(other.id(), other.network(), "spender");
            assertThat(use(other).used()).isZero();
            assertAround(spend(other, 4 * LIMIT), LIMIT);
            fence.detach(other.id());
            fence.forgetBudgets(other.id());
        }
    }

    /** Answers of an agent are looked up as what they answer; both are charged to who asked. */
    @Test
    void anotherAgentOfTheNodeIsReachedWithinTheBudgetToo() throws Exception {
        try (HostileAgent other = machine.agent()) {
            String address =
                    Objects.requireNonNull(fence.attachments().get(agent.id())).address();
            fence.apply(List.of(BUDGETED, Groups.group("other", List.of(), Groups.at(address, PORT), List.of())));
            String target = fence.attach(other.id(), other.network(), "other").address();
            assertThat(other.request("serve", PORT)).isEqualTo("ok");
            fence.apply(List.of(
                    Groups.budgeted(Groups.group("spender"), LIMIT, Groups.at(target, PORT)),
                    Groups.group("other", List.of(), Groups.at(address, PORT), List.of())));
            assertAround(Long.parseLong(agent.request("spend", target, PORT, 4 * LIMIT)), LIMIT);
            assertThat(agent.tcp(target, PORT)).contains("No route to host");
            assertThat(use(agent).exhausted()).isTrue();
            fence.detach(other.id());
        }
    }

    @Test
    void manyConnectionsShareOne() throws SandboxException {
        long total = 0;
        for (int i = 0; i < 40; i++) {
            total += spend(agent, LIMIT / 16);
        }
        assertAround(total, LIMIT);
    }

    @Test
    void whatARuleWithoutABudgetAllowsIsNotCounted() throws SandboxException {
        fence.apply(List.of(Groups.budgeted(
                Groups.group("spender", Groups.allow(ALLOWED + "/32", Protocol.TCP, OTHER_PORT, OTHER_PORT)),
                LIMIT,
                Groups.at(ALLOWED, PORT))));
        assertThat(Long.parseLong(agent.request("spend", ALLOWED, OTHER_PORT, 2 * LIMIT)))
                .isGreaterThanOrEqualTo(2 * LIMIT);
        assertThat(use(agent).used()).isZero();
    }

    @Test
    void aConnectionGoesOverToARuleWithoutABudget() throws SandboxException {
        assertThat(agent.request("open_flow", "held", ALLOWED, PORT)).isEqualTo("ok");
        spend(agent, 4 * LIMIT);
        fence.apply(List.of(Groups.group("spender", Groups.at(ALLOWED, PORT).toArray(Allow[]::new))));
        assertThat(agent.request("send_flow", "held")).isEqualTo("ok");
        assertThat(spend(agent, 2 * LIMIT)).isGreaterThanOrEqualTo(2 * LIMIT);
        fence.apply(List.of(BUDGETED));
        assertThat(agent.request("send_flow", "held")).contains("Connection reset");
    }

    /** While it goes from the rule the agent sends to it all the time, and the other side sends on afterwards. */
    @Test
    void anAddressThatGoesFromABudgetIsNeverOpenWithoutOne() throws Exception {
        GroupRuleset both = Groups.budgeted(
                Groups.group("spender"),
                List.of(Groups.budget("a", 1L << 40)),
                new Budgeted(List.of(0), Groups.at(ALLOWED, PORT), List.of()),
                new Budgeted(List.of(0), Groups.at(DENIED, PORT), List.of()));
        GroupRuleset one = Groups.budgeted(Groups.group("spender"), 1L << 40, Groups.at(DENIED, PORT));
        fence.apply(List.of(both));
        assertThat(agent.request("open_datagrams", "held", ALLOWED, PORT)).isEqualTo("ok");
        int port = Integer.parseInt(agent.request("own_port", "held"));
        long before = use(agent).used();
        try (ExecutorService sending = Executors.newSingleThreadExecutor()) {
            Future<Long> passed = sending.submit(() -> Long.parseLong(agent.request("spend_for", ALLOWED, PORT, 2)));
            await().atMost(Duration.ofSeconds(10)).until(() -> use(agent).used() > before + MEBI);
            fence.apply(List.of(one));
            assertThat(passed.get()).isBetween(MEBI / 2, use(agent).used() - before);
        }
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        assertThat(agent.tcp(DENIED, PORT)).isEqualTo("ok");
        try (Capture arriving = agent.capture("udp");
                Capture atTheFence = machine.captureAtUplink("udp")) {
            sendFromOutside(port);
            atTheFence.awaitPacket();
            assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    /** A lower limit and a rate hold from the moment in which the rules do, and what was used stays used. */
    @Test
    void aRuleThatGetsARateHasNoWayAroundIt() throws Exception {
        spend(agent, MEBI);
        long used = use(agent).used();
        fence.apply(List.of(Groups.budgeted(
                Groups.group("spender"),
                List.of(new Budget("EgressPolicy/sites spec.egress[a]", LIMIT, 1L << 30)),
                new Budgeted(List.of(0), Groups.at(ALLOWED, PORT), List.of()))));
        assertThat(machine.inFence("nft list map inet agentfence spend0")).doesNotContain("elements");
        assertThat(use(agent).used()).isGreaterThanOrEqualTo(used);
        assertAround(spend(agent, 4 * LIMIT), LIMIT - MEBI);
        fence.apply(List.of(BUDGETED));
        assertThat(machine.inFence("nft list map inet agentfence slow0")).doesNotContain("elements");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    /** What the kernel has charged since it was asked last is not lent. */
    @Test
    void aRuleThatGetsTlsKeepsWhatItUsed() throws Exception {
        long spent = spend(agent, MEBI);
        Budget budget = BUDGETED.budgets().getFirst();
        GroupRuleset relayed = Groups.budgeted(
                Groups.group("spender"),
                List.of(budget),
                new Budgeted(
                        List.of(0),
                        List.of(),
                        List.of(),
                        List.of(Groups.name("www.example.org", Protocol.TCP, PORT)),
                        null,
                        null));
        fence.apply(List.of(relayed));
        assertThat(fence.lend(agent.id(), budget.rule(), LIMIT)).isBetween(1L, LIMIT - spent);
        assertThat(use(agent).exhausted()).isTrue();
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        machine.inFence("nft -a list chain inet agentfence g_spender | grep -e @t_spender -e @intercepted"
                + " | grep -o 'handle [0-9]*'"
                + " | while read handle; do nft delete rule inet agentfence g_spender $handle; done");
        assertThat(fence.repair().repaired())
                .as("what hands over to the proxy is gone")
                .containsExactly("the rules of the policy group spender were changed");
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
        fence.apply(List.of(BUDGETED));
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void aRuleThatIsChangedAndPutBackGivesNothing() throws SandboxException {
        spend(agent, 4 * LIMIT);
        fence.apply(List.of(Groups.budgeted(Groups.group("spender"), LIMIT, Groups.at(DENIED, PORT))));
        fence.apply(List.of(Groups.group("spender")));
        fence.apply(List.of());
        fence.apply(List.of(BUDGETED));
        assertThat(use(agent).exhausted()).isTrue();
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void moreBytesAreBesideWhatWasUsed() throws SandboxException {
        spend(agent, 4 * LIMIT);
        fence.apply(List.of(Groups.budgeted(Groups.group("spender"), 2 * LIMIT, Groups.at(ALLOWED, PORT))));
        assertAround(spend(agent, 4 * LIMIT), LIMIT);
        fence.apply(List.of(BUDGETED));
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
    }

    @Test
    void anotherGroupWithTheSameRuleIsChargedToTheSame() throws SandboxException {
        spend(agent, MEBI);
        long used = use(agent).used();
        fence.apply(List.of(BUDGETED, Groups.budgeted(Groups.group("other"), LIMIT, Groups.at(ALLOWED, PORT))));
        fence.attach(agent.id(), agent.network(), "other");
        assertThat(use(agent).used()).isEqualTo(used);
        assertAround(spend(agent, 4 * LIMIT), MEBI);
    }

    @Test
    void aRestartOfTheAgentGivesNothing() throws SandboxException {
        spend(agent, 4 * LIMIT);
        fence.detach(agent.id());
        fence.attach(agent.id(), agent.network(), "spender");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        fence.detach(agent.id());
        fence.forgetBudgets(agent.id());
        fence.attach(agent.id(), agent.network(), "spender");
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void itOutlivesTheNodeAgent() throws SandboxException {
        assertThat(agent.request("open_flow", "held", ALLOWED, PORT)).isEqualTo("ok");
        spend(agent, MEBI);
        long used = use(agent).used();
        fence.close();
        assertThat(agent.request("send_flow", "held")).isEqualTo("ok");
        fence.open(Machine.fenceSettings());
        assertThat(agent.request("send_flow", "held")).isEqualTo("ok");
        fence.apply(List.of(BUDGETED));
        assertThat(agent.request("send_flow", "held")).isEqualTo("ok");
        assertThat(use(agent).used()).isBetween(used, used + 4096);
        assertAround(spend(agent, 4 * LIMIT), MEBI);
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    @Test
    void theSecondRulePaysWhenTheFirstIsUsedUp() throws SandboxException {
        fence.apply(List.of(Groups.budgeted(
                Groups.group("spender"),
                List.of(Groups.budget("a", LIMIT / 2), Groups.budget("b", LIMIT)),
                new Budgeted(List.of(0, 1), Groups.at(ALLOWED, PORT), List.of()))));
        assertAround(spend(agent, 4 * LIMIT), LIMIT + LIMIT / 2);
        assertThat(uses(agent)).extracting(BudgetUse::used).containsExactly(LIMIT / 2, LIMIT);
    }

    @Test
    void aRateHoldsTheAgentBack() throws SandboxException {
        long rate = 128 << 10;
        Budget budget = new Budget("EgressPolicy/sites spec.egress[slow]", null, rate);
        fence.apply(List.of(Groups.budgeted(
                Groups.group("spender"),
                List.of(budget),
                new Budgeted(List.of(0), Groups.at(ALLOWED, PORT), List.of()))));
        long passed = Long.parseLong(agent.request("spend_for", ALLOWED, PORT, 3));
        // What may come at once is a second's worth and 128 KiB.
        assertThat(passed).isBetween(rate, 3 * rate + rate + (128 << 10) + rate);
        assertThat(use(agent).used()).isBetween(rate, 6 * rate);
        assertThat(use(agent).exhausted()).isFalse();
    }

    @Test
    void namesAreChargedAndThoseWithoutABudgetAreNot() throws SandboxException {
        GroupRuleset named = Groups.budgeted(
                Groups.named("spender", Groups.name("free.example.org", Protocol.TCP, PORT)),
                List.of(Groups.budget("a", LIMIT)),
                new Budgeted(List.of(0), List.of(), List.of(Groups.name("*.example.org", Protocol.TCP, PORT))));
        fence.apply(List.of(named));
        open(named, Optional.of("*.example.org"));
        assertAround(Long.parseLong(agent.request("spend", PUBLIC, PORT, 4 * LIMIT)), LIMIT);
        assertThat(agent.tcp(PUBLIC, PORT)).contains("No route to host");
        open(named, Optional.empty());
        open(named, Optional.of("*.example.org"));
        assertThat(Long.parseLong(agent.request("spend", PUBLIC, PORT, 2 * LIMIT)))
                .isGreaterThanOrEqualTo(2 * LIMIT);
        fence.apply(List.of(Groups.named("spender", Groups.name("free.example.org", Protocol.TCP, PORT))));
        assertThat(fence.repair()).isEqualTo(Condition.SOUND);
    }

    private void open(GroupRuleset group, Optional<String> budgeted) throws SandboxException {
        fence.openResolved(
                agent.id(),
                group.hash(),
                List.of(new ResolvedDestination(PUBLIC, Protocol.TCP, PORT, Duration.ofMinutes(1), false, budgeted)));
    }

    @Test
    void whatOthersTakeAwayOrSetBackIsPutRightAndGivesNothing() throws SandboxException {
        spend(agent, MEBI);
        long used = use(agent).used();
        String table = "inet agentfence ";
        for (String change : List.of(
                "nft flush map " + table + "spend0",
                "nft reset quotas table " + table,
                "nft flush map " + table + "spend0; nft delete quota " + table + "$(nft list quotas table " + table
                        + "| grep -o 'q_[a-z0-9_]*')",
                "name=$(nft list quotas table " + table + "| grep -o 'q_[a-z0-9_]*'); nft add quota " + table
                        + "$name { 900 mbytes '}'",
                "nft flush chain " + table + "spend_sent",
                "nft insert rule " + table + "budgets accept",
                "nft flush chain " + table + "budgets; nft delete chain " + table + "budgets",
                "nft flush map " + table + "$(nft list maps | grep -o 'm4_spender_[a-z0-9_]*')")) {
            machine.inFence(change);
            assertThat(fence.repair().repaired()).as(change).isNotEmpty();
            assertThat(fence.repair()).as(change).isEqualTo(Condition.SOUND);
            assertThat(use(agent).used()).as(change).isGreaterThanOrEqualTo(used);
        }
        assertThat(spend(agent, 4 * LIMIT)).isLessThan(MEBI + TOLERANCE);
    }

    @Test
    void whatLeadsToNoQuotaIsDropped() throws SandboxException {
        machine.inFence("nft flush map inet agentfence spend0");
        assertThat(agent.tcp(ALLOWED, PORT)).contains("No route to host");
        fence.repair();
        assertThat(agent.tcp(ALLOWED, PORT)).isEqualTo("ok");
    }

    @Test
    void aTableThatIsDeletedComesBackWithWhatWasUsed() throws SandboxException {
        spend(agent, 4 * LIMIT);
        assertThat(use(agent).exhausted()).isTrue();
        machine.inFence("nft delete table inet agentfence");
        fence.repair();
        fence.attach(agent.id(), agent.network(), "spender");
        assertThat(use(agent).exhausted()).isTrue();
    }

    @Test
    void withoutABudgetThereIsNothingToPass() throws Exception {
        try (Machine fresh = Machine.create();
                LinuxFence other = new LinuxFence(fresh.settings(), FenceSystem.linux(), Duration.ZERO)) {
            other.open(Machine.fenceSettings());
            other.apply(List.of(Groups.NARROW));
            assertThat(fresh.inFence("nft list chains")).doesNotContain("budgets");
            other.destroy();
        }
    }
}
