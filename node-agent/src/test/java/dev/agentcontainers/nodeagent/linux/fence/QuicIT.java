package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.ALLOWED;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Network.EgressPeer;
import dev.agentcontainers.api.v1alpha1.Network.EgressPort;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import dev.agentcontainers.api.v1alpha1.Network.Quic;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** QUIC to what names resolved to, from an agent with all capabilities. */
@Tag("node")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QuicIT {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String VERSION_1 = "quic:00000001:c3";
    /** As all packets of a connection are after its beginning (RFC 9000, section 17.3). */
    private static final String SHORT_HEADER = "43" + "51".repeat(8) + "a5".repeat(40);

    private static final String REFUSED = "No route to host";
    private static final AllowedName NAME = Groups.name("data.example", Protocol.UDP, PORT);
    private static final GroupRuleset WITHOUT = ruleset(List.of(), List.of(), List.of());
    private static final GroupRuleset WITH = ruleset(List.of(), List.of(), List.of(NAME));
    private static final Budget BUDGET = Groups.budget("a", 1 << 20);
    private static final Budgeted BUDGETED = new Budgeted(List.of(0), List.of(), List.of(NAME));

    private Machine machine;
    private LinuxFence fence;
    private HostileAgent agent;

    /** The name within the budget where there is one, else without. */
    private static GroupRuleset ruleset(List<Budget> budgets, List<Budgeted> budgeted, List<AllowedName> quic) {
        return ruleset(budgeted.isEmpty() ? List.of(NAME) : List.of(), budgets, budgeted, quic);
    }

    private static GroupRuleset ruleset(
            List<AllowedName> names, List<Budget> budgets, List<Budgeted> budgeted, List<AllowedName> quic) {
        return new GroupRuleset(
                "named",
                RulesetHash.of(List.of(), List.of(), names, List.of(), List.of(), List.of(), budgets, budgeted, quic),
                List.of(),
                List.of(),
                names,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                budgets,
                budgeted,
                List.of(),
                quic);
    }

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
        apply(WITHOUT);
        agent = machine.agent();
        fence.attach(agent.id(), agent.network(), "named");
    }

    @AfterEach
    void detach() throws IOException, SandboxException {
        agent.close();
        fence.detach(agent.id());
        fence.forgetBudgets(agent.id());
    }

    private void apply(GroupRuleset ruleset) throws SandboxException {
        assertThat(fence.apply(List.of(ruleset))).containsEntry(ruleset.name(), ruleset.hash());
    }

    private void open(Protocol protocol, int port, boolean budgeted) throws SandboxException {
        String hash =
                Objects.requireNonNull(fence.attachments().get(agent.id())).hash();
        fence.openResolved(
                agent.id(),
                hash,
                List.of(new ResolvedDestination(
                        PUBLIC,
                        protocol,
                        port,
                        LONG,
                        false,
                        budgeted ? Optional.of(NAME.domain()) : Optional.empty())));
    }

    private String first(String payload) {
        return agent.request("first_datagram", PUBLIC, PORT, payload);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                VERSION_1,
                "quic:00000001:83",
                "quic:00000001:ff",
                "quic:6b3343cf:d3",
                "quic:ff00001d:c3",
                "quic:ff000022:c0",
                "quic:51303530:c3",
                "quic:54303531:c3",
                "c300000001"
            })
    void aFirstPacketOfAnyVersionIsNotDelivered(String payload) throws Exception {
        open(Protocol.UDP, PORT, false);
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(first(payload)).contains(REFUSED);
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(agent.udp(PUBLIC, PORT)).as("anything else").isEqualTo("ok");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c0",
                "4000000001" + "00",
                "aabb01000001000000000000",
                "80000000a0000001",
                "16fefd0000",
                "c30000000200"
            })
    void whatOnlyBeginsLikeItPasses(String payload) throws Exception {
        open(Protocol.UDP, PORT, false);
        assertThat(first(payload)).isEqualTo("ok");
    }

    @Test
    void aFlowUnderWayCanNotBecomeIt() throws Exception {
        open(Protocol.UDP, PORT, false);
        assertThat(agent.request("open_datagrams", "flow", PUBLIC, PORT)).isEqualTo("ok");
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(agent.request("send_datagram", "flow", VERSION_1)).contains(REFUSED);
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(agent.request("send_flow", "flow")).isEqualTo("ok");
    }

    /** The rules see one packet, whose second datagram it is. */
    @Test
    void itDoesNotPassBehindAnotherDatagramThatIsCutOffOnTheWay() throws Exception {
        String other = "40".repeat(1200);
        apply(WITH);
        open(Protocol.UDP, PORT, false);
        assertThat(agent.request("open_datagrams", "flow", PUBLIC, PORT)).isEqualTo("ok");
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(agent.request("send_segments", "flow", 1200, other, VERSION_1))
                    .as("with a rule")
                    .isEqualTo("ok");
            arriving.awaitPacket();
        }

        apply(WITHOUT);
        open(Protocol.UDP, PORT, false);
        assertThat(agent.request("open_datagrams", "flow", PUBLIC, PORT)).isEqualTo("ok");
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(agent.request("send_segments", "flow", 1200, other, VERSION_1))
                    .contains(REFUSED);
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(agent.request("send_segments", "flow", 100, "40".repeat(100), "41".repeat(100)))
                .as("smaller ones")
                .isEqualTo("ok");
        assertThat(agent.request("datagram", PUBLIC, PORT, 2000))
                .as("a datagram in fragments")
                .isEqualTo("ok");
    }

    @Test
    void whereARuleAllowsItItPassesUntilTheRuleIsTakenBack() throws Exception {
        apply(WITH);
        open(Protocol.UDP, PORT, false);
        assertThat(first(VERSION_1)).isEqualTo("ok");
        assertThat(agent.request("send_datagram", "first", VERSION_1)).isEqualTo("ok");

        assertThat(agent.request("send_datagram", "first", SHORT_HEADER)).isEqualTo("ok");

        apply(WITHOUT);
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(agent.request("send_datagram", "first", VERSION_1)).contains(REFUSED);
            assertThat(agent.request("send_datagram", "first", SHORT_HEADER))
                    .as("what QUIC goes on with looks like anything")
                    .contains(REFUSED);
            assertThat(arriving.packets()).isEmpty();
        }
        open(Protocol.UDP, PORT, false);
        assertThat(first(VERSION_1))
                .as("when the name has been asked for again")
                .contains(REFUSED);
        assertThat(agent.udp(PUBLIC, PORT)).as("anything else").isEqualTo("ok");
    }

    @Test
    void whereItStaysAllowedFlowsGoOnWhateverElseChanges() throws Exception {
        AllowedName other = Groups.name("data.example", Protocol.UDP, PORT + 1);
        apply(ruleset(List.of(NAME, other), List.of(), List.of(), List.of(NAME, other)));
        open(Protocol.UDP, PORT, false);
        assertThat(first(VERSION_1)).isEqualTo("ok");

        apply(ruleset(List.of(NAME, other), List.of(), List.of(), List.of(NAME)));
        assertThat(agent.request("send_datagram", "first", SHORT_HEADER)).isEqualTo("ok");
    }

    @Test
    void withinABudgetItNeedsARuleTooAndIsCharged() throws Exception {
        apply(ruleset(List.of(BUDGET), List.of(BUDGETED), List.of()));
        open(Protocol.UDP, PORT, true);
        assertThat(first(VERSION_1)).contains(REFUSED);
        assertThat(agent.udp(PUBLIC, PORT)).isEqualTo("ok");

        apply(ruleset(List.of(BUDGET), List.of(BUDGETED), List.of(NAME)));
        open(Protocol.UDP, PORT, true);
        long before = used();
        assertThat(first(VERSION_1)).isEqualTo("ok");
        assertThat(used() - before).isEqualTo(2 * (1200 + 28));
        assertThat(agent.request("send_datagram", "first", SHORT_HEADER)).isEqualTo("ok");

        apply(ruleset(List.of(BUDGET), List.of(BUDGETED), List.of()));
        assertThat(agent.request("send_datagram", "first", SHORT_HEADER))
                .as("what QUIC goes on with looks like anything")
                .contains(REFUSED);
    }

    private long used() throws SandboxException {
        return Objects.requireNonNull(fence.budgets().get(agent.id()))
                .getFirst()
                .used();
    }

    @Test
    void whatAddressesAllowIsNotLookedAt() throws Exception {
        apply(Groups.group("named", Groups.allow(ALLOWED + "/32", Protocol.UDP, PORT, PORT)));
        assertThat(agent.request("first_datagram", ALLOWED, PORT, VERSION_1)).isEqualTo("ok");
    }

    @Test
    void rulesThatEndItAreReadBackAndPutRight() throws Exception {
        open(Protocol.UDP, PORT, false);
        for (String change :
                List.of("flush chain inet agentfence unless_quic", "insert rule inet agentfence unless_quic return")) {
            machine.inFence("nft '" + change + "'");
            assertThat(first(VERSION_1)).as(change).isEqualTo("ok");
            assertThat(fence.repair().repaired())
                    .anySatisfy(said -> assertThat(said).contains("the fence's own rules were changed"));
            assertThat(first(VERSION_1)).contains(REFUSED);
        }
        String rule = machine.inFence("nft -a list chain inet agentfence g_named | grep 'jump unless_quic'");
        machine.inFence("nft delete rule inet agentfence g_named handle "
                + rule.substring(rule.lastIndexOf(' ') + 1).strip());
        assertThat(fence.repair().repaired())
                .anySatisfy(said -> assertThat(said).contains("the rules of the policy group named were changed"));
    }

    /** From rules, as a node is given them. */
    @Test
    void aNameAtUdp443IsOpenedForQuicAlone() throws Exception {
        apply(compiled(null));
        open(Protocol.TCP, 443, false);
        assertThatExceptionOfType(SandboxException.class).isThrownBy(() -> open(Protocol.UDP, 443, false));
        try (Capture arriving = machine.captureAtServers("udp and dst " + PUBLIC)) {
            assertThat(agent.request("first_datagram", PUBLIC, 443, VERSION_1)).contains(REFUSED);
            assertThat(agent.request("first_datagram", PUBLIC, 443, "00")).contains(REFUSED);
            assertThat(arriving.packets()).isEmpty();
        }

        apply(compiled(Quic.Allow));
        open(Protocol.UDP, 443, false);
        assertThat(agent.request("first_datagram", PUBLIC, 443, VERSION_1))
                .as("nobody listens there")
                .contains("Connection refused");
    }

    private static GroupRuleset compiled(@Nullable Quic quic) {
        EgressRule rule = new EgressRule(
                "site",
                List.of(new EgressPeer(null, "www.example.org", null, null)),
                List.of(new EgressPort(Protocol.TCP, 443, null), new EgressPort(Protocol.UDP, 443, null)),
                null,
                null,
                null,
                null,
                quic);
        CompiledPolicy policy =
                PolicyCompiler.compile(new PolicySubject("team", Map.of(), List.of(rule), List.of()), List.of());
        return new GroupRuleset(
                "named",
                policy.hash(),
                policy.egress(),
                policy.ingress(),
                policy.names(),
                policy.tlsNames(),
                policy.httpNames(),
                policy.httpsNames(),
                policy.sources(),
                policy.budgets(),
                policy.budgeted(),
                policy.rules(),
                policy.quicNames());
    }
}
