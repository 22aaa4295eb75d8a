package dev.agentcontainers.nodeagent.linux.fence;

import static dev.agentcontainers.nodeagent.linux.fence.Machine.PORT;
import static dev.agentcontainers.nodeagent.linux.fence.Machine.PUBLIC;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.PATIENCE;
import static dev.agentcontainers.nodeagent.linux.fence.ProxiedMachine.resolve;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.Fence.Condition;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.names.RecordedDecisions;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.policy.RulesetHash;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Names for which only TLS passes, from an agent's question to its connection: behind the real fence and the real proxy, which is
 * in the network of the machine that the test makes.
 */
@Tag("node")
class TlsIT {
    private static final int TLS_PORT = 8443;
    private static final String OTHER_ADDRESS = "198.51.100.11";
    private static final String SITE = "www.example.org";
    private static final String OTHER = "other.example.org";
    private static final String BESIDE = "beside.example.org";

    private static final AllowedName SITE_NAME = Groups.name(SITE, Protocol.TCP, TLS_PORT);
    private static final AllowedName OTHER_NAME = Groups.name(OTHER, Protocol.TCP, TLS_PORT);
    private static final GroupRuleset ALLOWED = Groups.named(
            "named",
            List.of(Groups.name(SITE, Protocol.TCP, PORT)),
            List.of(SITE_NAME, OTHER_NAME, Groups.name(BESIDE, Protocol.TCP, TLS_PORT)));

    private final RecordedDecisions audit = new RecordedDecisions();
    private final List<TlsDecision> decisions = audit.connections();
    private Machine machine;
    private ProxiedMachine proxied;

    @BeforeEach
    void makeEverything() throws Exception {
        assumeTrue(Program.find("openssl").isPresent(), "needs openssl");
        machine = Machine.create();
        machine.onServers("ip addr add " + OTHER_ADDRESS + "/32 dev lo");
        machine.serveTls(PUBLIC + "," + OTHER_ADDRESS, TLS_PORT);
        proxied = new ProxiedMachine(
                machine,
                Map.of(SITE, List.of(PUBLIC), OTHER, List.of(OTHER_ADDRESS), BESIDE, List.of(PUBLIC)),
                List.of(ALLOWED),
                audit);
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (proxied != null) {
            proxied.close();
        } else if (machine != null) {
            machine.close();
        }
    }

    private void apply(GroupRuleset ruleset) throws SandboxException {
        proxied.apply(ruleset);
    }

    private DrivenAgent start(Profile profile) throws Exception {
        return proxied.start(profile, "named");
    }

    /** One that has resolved the site. */
    private DrivenAgent resolved(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        resolve(agent, SITE, PUBLIC);
        return agent;
    }

    private void awaitVerdict(TlsVerdict verdict) {
        await().atMost(PATIENCE)
                .until(() -> !decisions.isEmpty() && decisions.getLast().verdict() == verdict);
    }

    /** Python tells a reset of TLS as an end: that it is one is shown where the bytes are seen. */
    private static void assertCut(DrivenAgent agent, String flow) {
        assertThat(agent.request("send_tls", flow)).doesNotContain("hello");
    }

    /** The agent's side of such a connection ends at the proxy, and its interface is where it is held to its rates. */
    @Test
    void whatIsRelayedIsHeldToTheAgentsRates() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        long rate = 256 << 10;
        assertThat(relayed(agent)).isGreaterThan(8 * rate);
        proxied.names()
                .attach(
                        agent.id(),
                        agent.network(),
                        "named",
                        new NetworkRates(OptionalLong.of(rate), OptionalLong.empty()));
        assertThat(relayed(agent)).isBetween(rate, 6 * rate + AgentRates.BURST);
        proxied.names()
                .attach(
                        agent.id(),
                        agent.network(),
                        "named",
                        new NetworkRates(OptionalLong.empty(), OptionalLong.of(rate)));
        assertThat(relayed(agent)).isBetween(rate, 6 * rate + AgentRates.BURST);
    }

    /** In four seconds and what the last piece takes. */
    private static long relayed(DrivenAgent agent) {
        return Long.parseLong(agent.request("spend_tls", "flow", 4));
    }

    /** Together until the end, and then whatever might give more; each before the next, since all need a proxy. */
    @Test
    void tunnelsWithABudgetShareItToItsEndAndNothingGivesItBack() throws Exception {
        long limit = 4 << 20;
        GroupRuleset budgeted = withBudget(limit);
        apply(budgeted);
        DrivenAgent agent = resolved(Profile.SHIPPED);

        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(use(agent).used()).as("with what is lent").isBetween(1000L, limit / 20);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(use(agent).used())
                        .as("what was not needed is given back")
                        .isBetween(500L, 16_000L));

        assertThat(agent.request("send_tls", "flow")).endsWith("hello");
        long lent = use(agent).used();
        proxied.programs().kill();
        resolve(agent, SITE, PUBLIC);
        assertThat(lent).isGreaterThan(100_000);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).endsWith("hello");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(use(agent).used())
                        .as("what a proxy had that was killed counts as used")
                        .isBetween(lent, lent + 16_000));

        long before = use(agent).used();
        long atInterface = Long.parseLong(agent.request("at_interface"));
        long passed = Long.parseLong(agent.request("spend_tls_together", PUBLIC, TLS_PORT, SITE, 8));
        atInterface = Long.parseLong(agent.request("at_interface")) - atInterface;
        assertThat(passed).isBetween((limit - lent) / 2, limit - lent);
        assertThat(atInterface)
                .as("at the interface, both ways, of what was left")
                .isBetween(passed, limit - before + Math.max(limit / 20, 256 << 10));
        assertThat(use(agent).exhausted()).isTrue();
        awaitVerdict(TlsVerdict.BUDGET_USED_UP);
        assertIsClosed(agent);

        machine.inFence("nft reset quotas table inet agentfence");
        assertThat(proxied.names().repair().repaired()).isNotEmpty();
        assertThat(proxied.names().repair()).isEqualTo(Condition.SOUND);
        assertThat(use(agent).exhausted()).as("set back by others").isTrue();
        apply(ALLOWED);
        await().atMost(PATIENCE)
                .until(() -> agent.request("open_tls", "free", PUBLIC, TLS_PORT, SITE)
                        .endsWith("hello"));
        apply(budgeted);
        await().atMost(PATIENCE).untilAsserted(() -> assertCut(agent, "free"));
        resolve(agent, SITE, PUBLIC);
        assertThat(use(agent).exhausted()).as("by other rules and back").isTrue();
        assertIsClosed(agent);
        apply(withBudget(2 * limit));
        assertThat(use(agent).used()).isEqualTo(limit);
        await().atMost(PATIENCE)
                .until(() -> agent.request("open_tls", "more", PUBLIC, TLS_PORT, SITE)
                        .endsWith("hello"));

        long rate = 256 << 10;
        apply(withBudget(new Budget("EgressPolicy/sites spec.egress[slow]", null, rate)));
        await().atMost(PATIENCE)
                .until(() -> agent.request("open_tls", "slow", PUBLIC, TLS_PORT, SITE)
                        .endsWith("hello"));
        // In two seconds and what the last piece takes, beside a second's worth and 128 KiB that come at once.
        assertThat(2 * Long.parseLong(agent.request("spend_tls", "slow", 2))).isBetween(rate, 4 * rate + (128 << 10));
        assertThat(use(agent).exhausted()).isFalse();
        assertThat(proxied.names().repair()).isEqualTo(Condition.SOUND);
    }

    private static GroupRuleset withBudget(long bytes) {
        return withBudget(Groups.budget("a", bytes));
    }

    private static GroupRuleset withBudget(Budget budget) {
        return Groups.budgeted(
                Groups.named("named"),
                List.of(budget),
                new Budgeted(List.of(0), List.of(), List.of(), List.of(SITE_NAME), null, null));
    }

    private BudgetUse use(DrivenAgent agent) throws SandboxException {
        return Objects.requireNonNull(proxied.names().budgets().get(agent.id())).getFirst();
    }

    private static void assertIsClosed(DrivenAgent agent) {
        assertThat(agent.request("open_tls", "closed", PUBLIC, TLS_PORT, SITE)).contains("access denied");
    }

    @ParameterizedTest
    @EnumSource
    void tlsForTheNamePasses(Profile profile) throws Exception {
        DrivenAgent agent = start(profile);
        assertThat(agent.request("open_tls", "early", PUBLIC, TLS_PORT, SITE))
                .as("before it is resolved")
                .contains("No route to host");
        resolve(agent, SITE, PUBLIC);

        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
        assertThat(agent.request("open_tls", "capitals", PUBLIC, TLS_PORT, "WWW.Example.org"))
                .isEqualTo("WWW.Example.org:hello");
        awaitVerdict(TlsVerdict.PASSED);
        assertThat(decisions.getLast().address()).isEqualTo(PUBLIC);
        assertThat(decisions.getLast().port()).isEqualTo(TLS_PORT);
        assertThat(agent.tcp(PUBLIC, PORT))
                .as("a rule without tls at another port")
                .isEqualTo("ok");
        assertThat(agent.udp(PUBLIC, TLS_PORT)).as("QUIC").contains("No route to host");
        assertThat(agent.request("open_tls", "address", OTHER_ADDRESS, TLS_PORT, SITE))
                .as("an address that it was not resolved to")
                .contains("No route to host");
        DrivenAgent other = start(profile);
        assertThat(other.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE))
                .as("who has not resolved it")
                .contains("No route to host");
    }

    /** Each is refused, and nothing of it comes to the server. */
    @ParameterizedTest
    @EnumSource
    void everythingElseIsRefused(Profile profile) throws Exception {
        DrivenAgent agent = resolved(profile);
        resolve(agent, OTHER, OTHER_ADDRESS);
        try (Capture arriving = machine.captureAtServers("tcp port " + TLS_PORT)) {
            for (HostileHello hostile : HostileHello.values()) {
                assertThat(agent.request(hostile.request(PUBLIC, TLS_PORT)))
                        .as(hostile.toString())
                        .isEqualTo(hostile.answer());
                awaitVerdict(hostile.verdict());
                assertThat(decisions.getLast().agent()).isNotEmpty();
            }
            assertThat(agent.request("open_tls", "fronted", OTHER_ADDRESS, TLS_PORT, SITE))
                    .as("an allowed name at the address of another")
                    .contains("unrecognized name");
            assertThat(agent.request("open_tls", "beside", PUBLIC, TLS_PORT, BESIDE))
                    .as("an allowed name that has this address, and was not resolved")
                    .contains("unrecognized name");
            assertThat(agent.request("open_tls", "nameless", PUBLIC, TLS_PORT, ""))
                    .as("no name, by a real client")
                    .contains("unrecognized name");
            assertThat(arriving.packets()).isEmpty();
        }
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE))
                .as("it can pass")
                .isEqualTo(SITE + ":hello");
    }

    @Test
    void whoIsSlowIsResetAndKeepsNobodyWaiting() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        DrivenAgent other = resolved(Profile.SHIPPED);
        agent.send("first_bytes", PUBLIC, TLS_PORT, "1603");
        assertThat(other.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(agent.answer()).isEqualTo(" reset");
        awaitVerdict(TlsVerdict.INCOMPLETE);
    }

    @Test
    void aNameThatIsTakenBackCutsWhatPasses() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(agent.request("open_tls", "idle", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");

        apply(Groups.named("named", List.of(Groups.name(SITE, Protocol.TCP, PORT)), ALLOWED.tlsNames()));
        apply(Groups.named("named", List.of(Groups.name("more.example.org", Protocol.TCP, 99)), ALLOWED.tlsNames()));
        assertThat(agent.request("send_tls", "flow")).as("other rules change").isEqualTo(SITE + ":hello");

        apply(Groups.named("named", List.of(), List.of(OTHER_NAME)));
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
        assertCut(agent, "flow");
        assertCut(agent, "idle");
        assertThat(agent.request("open_tls", "new", PUBLIC, TLS_PORT, SITE)).contains("No route to host");
        awaitVerdict(TlsVerdict.REVOKED);
        apply(ALLOWED);
        assertThat(agent.request("open_tls", "again", PUBLIC, TLS_PORT, SITE))
                .as("it has to be resolved again")
                .contains("No route to host");
        resolve(agent, SITE, PUBLIC);
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(agent.request("open_tls", "again", PUBLIC, TLS_PORT, SITE))
                        .isEqualTo(SITE + ":hello"));
    }

    /** The rules alone end what the agent sends, whatever becomes of the proxy. */
    @Test
    void theRulesAloneEndWhatPassed() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        proxied.keeper().close();
        assertThat(agent.request("open_tls", "new", PUBLIC, TLS_PORT, SITE))
                .as("without a node agent what was resolved can be reached")
                .isEqualTo(SITE + ":hello");

        apply(Groups.named("named"));
        try (Capture arriving = machine.captureAtServers("tcp port " + TLS_PORT + " and greater 80")) {
            assertCut(agent, "flow");
            assertThat(arriving.packets()).as("nothing with bytes in it").isEmpty();
        }
        assertThat(agent.request("open_tls", "more", PUBLIC, TLS_PORT, SITE)).contains("No route to host");
    }

    @Test
    void whatBeganGoesOnWhenTheAddressExpires() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        machine.inFence("nft flush map inet agentfence intercepted");

        assertThat(agent.request("open_tls", "new", PUBLIC, TLS_PORT, SITE)).contains("No route to host");
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
    }

    /** It is neither forwarded while the block is there nor cut when it goes. */
    @Test
    void whatBeganGoesOnWhileAnIpBlockHasItsAddress() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        List<Allow> block = Groups.at(PUBLIC, TLS_PORT);
        apply(new GroupRuleset(
                "named",
                RulesetHash.of(block, List.of(), ALLOWED.names(), ALLOWED.tlsNames()),
                block,
                List.of(),
                ALLOWED.names(),
                ALLOWED.tlsNames()));
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
        apply(ALLOWED);
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
    }

    @Test
    void deathOfTheProxyCutsAndOpensNothing() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");

        try (Capture arriving =
                machine.captureAtServers("tcp port " + TLS_PORT + " and tcp[tcpflags] & tcp-syn != 0")) {
            proxied.programs().kill();
            assertThat(agent.request("send_tls", "flow")).isNotEqualTo(SITE + ":hello");
            assertThat(agent.request("open_tls", "new", PUBLIC, TLS_PORT, SITE)).isNotEqualTo(SITE + ":hello");
            assertThat(arriving.packets()).isEmpty();
        }
        await().atMost(PATIENCE).untilAsserted(() -> {
            resolve(agent, SITE, PUBLIC);
            assertThat(agent.request("open_tls", "again", PUBLIC, TLS_PORT, SITE))
                    .isEqualTo(SITE + ":hello");
        });
    }

    /** Rules only add to each other; what began intercepted stays so. */
    @Test
    void aRuleWithoutTlsForTheSameNameAndPortLetsEverythingPass() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");

        apply(Groups.named("named", List.of(SITE_NAME), ALLOWED.tlsNames()));
        resolve(agent, SITE, PUBLIC);
        assertThat(agent.request("open_tls", "any", PUBLIC, TLS_PORT, "any.example.com"))
                .isEqualTo("any.example.com:hello");
        assertThat(agent.request("send_tls", "flow")).isEqualTo(SITE + ":hello");
    }

    @Test
    void nothingOfItSurvivesTheAgent() throws Exception {
        DrivenAgent agent = resolved(Profile.SHIPPED);
        assertThat(agent.request("open_tls", "flow", PUBLIC, TLS_PORT, SITE)).isEqualTo(SITE + ":hello");
        assertThat(machine.inFence("nft list map inet agentfence intercepted")).contains(PUBLIC);

        proxied.names().detach(agent.id());
        assertThat(machine.inFence("nft list map inet agentfence intercepted")).doesNotContain(PUBLIC);
        await().atMost(PATIENCE).until(() -> connections().isEmpty());
    }

    @Test
    void agentsReachTheProxyInNoOtherWay() throws Exception {
        DrivenAgent agent = resolved(Profile.ALL_CAPABILITIES);
        for (String address : List.of("169.254.1.1", "100.80.4.1", Machine.HOST, "127.0.0.1")) {
            assertThat(agent.tcp(address, Interception.PORT)).as(address).isNotEqualTo("ok");
            assertThat(agent.request("open_tls", "direct", address, Interception.PORT, SITE))
                    .as(address)
                    .doesNotContain("hello");
        }
        assertThat(decisions).isEmpty();
    }

    /** What the proxy has open to servers. */
    private String connections() {
        return machine.onHost("ss -Htn state established dport = :" + TLS_PORT);
    }
}
