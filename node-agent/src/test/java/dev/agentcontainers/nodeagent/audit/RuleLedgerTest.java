package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Traffic;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.FlowTraffic;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.observability.AuditMeters;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is counted by rule, and what rules have counted only. */
class RuleLedgerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final SandboxId A = new SandboxId("a");
    private static final String WIDE = "EgressPolicy/sites spec.egress[wide]";
    private static final String SITE = "inline/site spec.network.egress[site]";
    private static final String QUIET = "EgressPolicy/quiet spec.egress[q]";
    private static final Allow BOX = new Allow("192.0.2.0/24", Protocol.TCP, 443, 443);
    private static final Allow QUIET_BOX = new Allow("198.51.100.0/24", Protocol.TCP, 443, 443);
    private static final AllowedName NAME = new AllowedName("*.example.org", Protocol.TCP, 443, 443);
    private static final AllowedName QUIET_NAME = new AllowedName("quiet.example.net", Protocol.TCP, 443, 443);

    private static GroupRuleset ruleset(AllowingRule... rules) {
        return new GroupRuleset(
                "web",
                "hash",
                List.of(BOX, QUIET_BOX),
                List.of(),
                List.of(NAME, QUIET_NAME),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(rules));
    }

    private final EventfulFence machine = new EventfulFence();
    private final AuditTrail trail = AuditTrail.watched("node", "", Clock.systemUTC());
    private final AuditedFence fence =
            new AuditedFence(machine, trail, _ -> Optional.of(new AuditSubject.Agent("team", "agent", "uid")));
    private final AuditWatch watch = trail.watch(Optional.empty());
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @BeforeEach
    void open() throws SandboxException {
        machine.traffic.put("before", flow("before", "192.0.2.1", 7, 1000));
        trail.onAgents(new AuditMeters(registry));
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        fence.apply(List.of(ruleset(
                new AllowingRule(WIDE, null, List.of(BOX), null),
                new AllowingRule(SITE, null, null, List.of(NAME)),
                new AllowingRule(QUIET, true, List.of(QUIET_BOX), List.of(QUIET_NAME)))));
        fence.attach(A, new NetworkAttachment(1), "web");
    }

    @AfterEach
    void close() throws InterruptedException {
        trail.close();
    }

    private static Tuple to(String destination) {
        return new Tuple(6, "100.80.4.1", 40_000, destination, 443);
    }

    private static Traffic traffic(long packets, long bytes) {
        return new Traffic(packets, bytes, 2 * packets, 10 * bytes);
    }

    private static FlowTraffic flow(String id, String destination, long packets, long bytes) {
        return new FlowTraffic(id, to(destination), traffic(packets, bytes), false);
    }

    private void begins(String id, String destination) {
        machine.listener.accept(new FenceEvent.Opened(Instant.now(), id, to(destination)));
    }

    private void goesOn(String id, String destination, long packets, long bytes) {
        machine.traffic.put(id, flow(id, destination, packets, bytes));
        fence.countByRule();
    }

    private void ends(String id, String destination, long packets, long bytes) {
        machine.traffic.remove(id);
        machine.listener.accept(new FenceEvent.Closed(
                Instant.now(), id, to(destination), Optional.of(traffic(packets, bytes)), Optional.empty()));
    }

    private Map<String, RuleTraffic> rules() {
        return trail.counts(A).orElseThrow().rules();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private AuditRecord next() throws InterruptedException {
        return watch.next(PATIENCE).orElseThrow().record();
    }

    @Test
    void whatGoesOnAndWhatEndsIsCountedOnceForItsRule() {
        begins("f", "192.0.2.9");
        goesOn("f", "192.0.2.9", 3, 300);
        fence.countByRule();
        goesOn("f", "192.0.2.9", 5, 500);
        ends("f", "192.0.2.9", 6, 600);
        // The kernel still remembers it.
        machine.traffic.put("f", new FlowTraffic("f", to("192.0.2.9"), traffic(6, 600), true));
        fence.countByRule();
        goesOn("f", "192.0.2.9", 6, 600);
        ends("f", "192.0.2.9", 6, 600);

        assertThat(rules()).containsExactly(Map.entry(WIDE, new RuleTraffic(1, traffic(6, 600))));
        assertThat(registry.get("agentcontainers.egress.rule.bytes")
                        .tags("namespace", "team", "policy", "EgressPolicy/sites", "rule", "spec.egress[wide]")
                        .tag("direction", "received")
                        .counter()
                        .count())
                .isEqualTo(6000);
        assertThat(registry.get("agentcontainers.egress.rule.packets")
                        .tag("direction", "sent")
                        .counter()
                        .count())
                .isEqualTo(6);
        assertThat(registry.get("agentcontainers.egress.rule.flows").counter().count())
                .isEqualTo(1);
    }

    @Test
    void whatPassedBeforeIsAnEarlierProcesses() {
        goesOn("before", "192.0.2.1", 9, 1200);
        ends("before", "192.0.2.1", 10, 1300);

        assertThat(rules()).containsExactly(Map.entry(WIDE, new RuleTraffic(0, traffic(3, 300))));
    }

    @Test
    void whatPassedBeforeTheFirstListingThatSucceedsIsAnEarlierProcesses() throws Exception {
        trail.forget(A);
        machine.unlistable = true;
        AuditedFence later =
                new AuditedFence(machine, trail, _ -> Optional.of(new AuditSubject.Agent("team", "agent", "uid")));
        later.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        later.apply(List.of(ruleset(new AllowingRule(WIDE, null, List.of(BOX), null))));
        later.attach(A, new NetworkAttachment(1), "web");
        later.countByRule();
        begins("f", "192.0.2.9");
        machine.traffic.put("f", flow("f", "192.0.2.9", 2, 200));
        ends("gone", "192.0.2.1", 70, 7000);
        machine.unlistable = false;
        later.countByRule();
        assertThat(rules())
                .as("of f, that began since")
                .containsExactly(Map.entry(WIDE, new RuleTraffic(1, traffic(2, 200))));
        machine.traffic.put("before", flow("before", "192.0.2.1", 9, 1200));
        later.countByRule();
        ends("before", "192.0.2.1", 10, 1300);

        assertThat(rules()).containsExactly(Map.entry(WIDE, new RuleTraffic(1, traffic(5, 500))));
    }

    /** The kernel has no room for much that nobody reads. */
    @Test
    void whatIsToldDoesNotWaitForRulesThatAreAsked() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        AuditSubjects subjects = new AuditSubjects(_ -> {
            asked.countDown();
            await(answered);
            return Optional.empty();
        });
        subjects.attached(A, "100.80.4.1", "web", Instant.EPOCH);
        RuleLedger ledger = new RuleLedger(trail, new FlowRecords(subjects));
        ledger.begin(List.of());
        Thread counting =
                Thread.ofVirtual().start(() -> ledger.take(List.of(flow("f", "192.0.2.9", 3, 300)), Instant.now()));
        assertThat(asked.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        Thread telling = Thread.ofVirtual()
                .start(() ->
                        ledger.take(new FenceEvent.Opened(Instant.now(), "g", to("192.0.2.9")), Records.opened("a")));
        assertThat(telling.join(PATIENCE)).isTrue();
        assertThat(counting.isAlive()).isTrue();
        answered.countDown();
        assertThat(counting.join(PATIENCE)).isTrue();
    }

    @Test
    void denialsWaitForNothing() throws Exception {
        RuleLedger ledger = new RuleLedger(trail, new FlowRecords(new AuditSubjects(_ -> Optional.empty())));
        FenceEvent denied = new FenceEvent.Denied(
                Instant.now(), Barrier.EGRESS, Optional.of(A), Optional.empty(), to("198.51.100.9"));
        synchronized (ledger) {
            Thread telling = Thread.ofPlatform().start(() -> {
                ledger.take(denied, Records.denied("a"));
                ledger.take(new FenceEvent.Overrun(Instant.now(), "flows"), Records.denied("a"));
            });
            assertThat(telling.join(PATIENCE)).isTrue();
        }
    }

    @Test
    void aNamesFlowCountsForTheRuleOfTheName() {
        fence.opened(A, "www.example.org", List.of("203.0.113.7"));
        begins("f", "203.0.113.7");
        ends("f", "203.0.113.7", 2, 200);

        assertThat(rules()).containsExactly(Map.entry(SITE, new RuleTraffic(1, traffic(2, 200))));
    }

    @Test
    void whatIsNewCountsForTheRuleThatAllowsItByThen() throws Exception {
        begins("f", "192.0.2.9");
        goesOn("f", "192.0.2.9", 3, 300);
        fence.apply(List.of(ruleset(new AllowingRule(SITE, null, List.of(BOX), null))));
        goesOn("f", "192.0.2.9", 5, 500);

        assertThat(rules())
                .containsOnly(
                        Map.entry(WIDE, new RuleTraffic(1, traffic(3, 300))),
                        Map.entry(SITE, new RuleTraffic(0, traffic(2, 200))));
    }

    @Test
    void anEndThatNobodyToldOfIsGivenUpAndNotCountedAgain() {
        begins("f", "192.0.2.9");
        goesOn("f", "192.0.2.9", 3, 300);
        machine.traffic.remove("f");
        fence.countByRule();
        fence.countByRule();
        ends("f", "192.0.2.9", 3, 300);

        assertThat(rules()).containsExactly(Map.entry(WIDE, new RuleTraffic(1, traffic(3, 300))));
    }

    @Test
    void whatARuleHasCountedOnlyIsNeitherWrittenNorShown() throws Exception {
        fence.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        begins("f", "198.51.100.9");
        ends("f", "198.51.100.9", 2, 200);
        begins("g", "203.0.113.8");
        fence.decided(name("quiet.example.net", NameVerdict.RESOLVED));
        fence.connected(tls("203.0.113.8", TlsVerdict.PASSED));
        fence.requested(http("203.0.113.8", HttpVerdict.PASSED));
        begins("h", "192.0.2.9");

        assertThat(next()).isInstanceOfSatisfying(AuditRecord.FlowOpened.class, shown -> {
            assertThat(shown.flow().id()).isEqualTo("h");
            assertThat(shown.flow().permission().source()).contains(WIDE);
        });
        assertThat(rules().get(QUIET)).isEqualTo(new RuleTraffic(2, traffic(2, 200)));
        assertThat(trail.counts(A).orElseThrow().flowsAllowed()).isEqualTo(3);
        assertThat(trail.counts(A).orElseThrow().namesAllowed()).isEqualTo(1);
    }

    /** An agent chooses which of its names leads where, and when it asks for which. */
    @Test
    void noNameThatIsCountedOnlyHidesWhatAnotherHasRecorded() throws Exception {
        fence.opened(A, "www.example.org", List.of("203.0.113.8"));
        fence.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        begins("f", "203.0.113.8");
        ends("f", "203.0.113.8", 2, 200);
        fence.connected(tls("203.0.113.8", "www.example.org", TlsVerdict.PASSED));
        fence.requested(http("203.0.113.8", "WWW.example.org", "www.example.org", HttpVerdict.PASSED));
        fence.requested(http("203.0.113.8", null, "www.example.org", HttpVerdict.PASSED));
        fence.requested(http("203.0.113.8", null, "of-the-rule-s-hosts", HttpVerdict.PASSED));

        assertThat(next()).isInstanceOfSatisfying(AuditRecord.FlowOpened.class, shown -> {
            assertThat(shown.flow().permission().domain()).contains("quiet.example.net");
            assertThat(shown.flow().permission().source()).contains(QUIET);
        });
        assertThat(next()).isInstanceOf(AuditRecord.FlowClosed.class);
        assertThat(next()).isInstanceOf(AuditRecord.TlsDecided.class);
        for (int request = 0; request < 3; request++) {
            assertThat(next()).isInstanceOf(AuditRecord.HttpDecided.class);
        }
    }

    @Test
    void whatSaysItsNameInTlsIsJudgedByThat() throws Exception {
        fence.opened(A, "www.example.org", List.of("203.0.113.8"));
        fence.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        fence.connected(tls("203.0.113.8", "quiet.example.net", TlsVerdict.PASSED));
        fence.requested(http("203.0.113.8", "quiet.example.net", "www.example.org", HttpVerdict.PASSED));
        fence.connected(tls("203.0.113.8", null, TlsVerdict.PASSED));
        fence.connected(tls("198.51.100.9", "no-rule.example.com", TlsVerdict.PASSED));
        fence.requested(http("198.51.100.9", null, "quiet.example.net", HttpVerdict.PASSED));

        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.TlsDecided.class,
                        shown -> assertThat(shown.serverName()).isEmpty());
        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.TlsDecided.class,
                        shown -> assertThat(shown.serverName()).contains("no-rule.example.com"));
        assertThat(next()).as("no name is known to lead there").isInstanceOf(AuditRecord.HttpDecided.class);
    }

    @Test
    void manyNamesOfAnAddressPushOutNoneThatHasItRecorded() throws Exception {
        AllowedName quiet = new AllowedName("*.agent.example", Protocol.TCP, 443, 443);
        fence.apply(List.of(ruleset(
                new AllowingRule(SITE, null, null, List.of(NAME)),
                new AllowingRule(QUIET, true, List.of(QUIET_BOX), List.of(quiet)))));
        fence.opened(A, "www.example.org", List.of("203.0.113.8"));
        for (int name = 0; name < NameMemory.MOST_NAMES; name++) {
            fence.opened(A, "n" + name + ".agent.example", List.of("203.0.113.8", "203.0.113.9"));
        }
        begins("f", "203.0.113.9");
        begins("g", "203.0.113.8");
        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.FlowOpened.class,
                        shown -> assertThat(shown.flow().id()).isEqualTo("g"));
    }

    @Test
    void manyAddressesPushOutNoneThatANameHasRecorded() throws Exception {
        fence.opened(A, "www.example.org", List.of("203.0.113.8"));
        for (int address = 0; address < NameMemory.MOST_ADDRESSES; address++) {
            fence.opened(A, "quiet.example.net", List.of("10.0.%d.%d".formatted(address / 256, address % 256)));
        }
        begins("f", "203.0.113.8");
        assertThat(next()).isInstanceOf(AuditRecord.FlowOpened.class);
        fence.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        begins("g", "203.0.113.8");
        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.FlowOpened.class,
                        shown -> assertThat(shown.flow().id()).isEqualTo("g"));
    }

    /** Another process may have let names of it lead anywhere. */
    @Test
    void namesOfAnAgentThatWasThereBeforeThisProcessMayBeOthersToo() throws Exception {
        AuditedFence later =
                new AuditedFence(machine, trail, _ -> Optional.of(new AuditSubject.Agent("team", "agent", "uid")));
        later.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        later.apply(List.of(ruleset(
                new AllowingRule(SITE, null, null, List.of(NAME)),
                new AllowingRule(QUIET, true, List.of(QUIET_BOX), List.of(QUIET_NAME)))));
        later.attach(A, new NetworkAttachment(1), "web");
        later.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        begins("f", "203.0.113.8");
        assertThat(next()).isInstanceOf(AuditRecord.FlowOpened.class);
    }

    @Test
    void theEndIsRecordedWhereARuleHasItRecordedByThen() throws Exception {
        begins("f", "198.51.100.9");
        fence.apply(List.of(ruleset(new AllowingRule(QUIET, null, List.of(QUIET_BOX), List.of(QUIET_NAME)))));
        ends("f", "198.51.100.9", 2, 200);

        assertThat(next()).isInstanceOfSatisfying(AuditRecord.FlowClosed.class, shown -> {
            assertThat(shown.flow().id()).isEqualTo("f");
            assertThat(shown.traffic()).contains(traffic(2, 200));
        });
    }

    @Test
    void theEndIsRecordedWhereTheBeginningWas() throws Exception {
        begins("f", "192.0.2.9");
        assertThat(next()).isInstanceOf(AuditRecord.FlowOpened.class);
        fence.apply(List.of(ruleset(new AllowingRule(WIDE, true, List.of(BOX), null))));
        ends("f", "192.0.2.9", 2, 200);
        assertThat(next()).isInstanceOf(AuditRecord.FlowClosed.class);
    }

    @Test
    void theEndIsNotRecordedForWantOfARule() throws Exception {
        begins("f", "198.51.100.9");
        begins("g", "198.51.100.9");
        fence.apply(List.of(ruleset(new AllowingRule(WIDE, null, List.of(BOX), null))));
        ends("f", "198.51.100.9", 2, 200);
        fence.apply(List.of());
        ends("g", "198.51.100.9", 2, 200);
        begins("h", "192.0.2.9");

        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.FlowOpened.class,
                        shown -> assertThat(shown.flow().id()).isEqualTo("h"));
    }

    @Test
    void noRuleKeepsDenialsFromBeingRecorded() throws Exception {
        fence.opened(A, "quiet.example.net", List.of("203.0.113.8"));
        fence.connected(tls("203.0.113.8", TlsVerdict.OTHER_NAME));
        assertThat(next()).isInstanceOf(AuditRecord.TlsDecided.class);
        fence.requested(http("203.0.113.8", HttpVerdict.NO_RULE));
        assertThat(next()).isInstanceOf(AuditRecord.HttpDecided.class);
        fence.decided(name("quiet.example.net", NameVerdict.TUNNEL));
        assertThat(next()).isInstanceOf(AuditRecord.NameDecided.class);
        machine.listener.accept(new FenceEvent.Denied(
                Instant.now(), Barrier.EGRESS, Optional.of(A), Optional.empty(), to("198.51.100.9")));
        assertThat(next()).isInstanceOf(AuditRecord.FlowDenied.class);
    }

    @Test
    void whatAnotherRuleHasRecordedIs() throws Exception {
        fence.apply(List.of(ruleset(
                new AllowingRule(QUIET, true, List.of(BOX), null), new AllowingRule(WIDE, null, List.of(BOX), null))));
        begins("f", "192.0.2.9");

        assertThat(next())
                .isInstanceOfSatisfying(
                        AuditRecord.FlowOpened.class,
                        shown -> assertThat(shown.flow().permission().source()).contains(QUIET));
    }

    private static NameDecision name(String name, NameVerdict verdict) {
        return new NameDecision(
                System.currentTimeMillis(), "100.80.4.1", name, "A", verdict, name, List.of("203.0.113.8"), 100);
    }

    private static TlsDecision tls(String address, TlsVerdict verdict) {
        return tls(address, "quiet.example.net", verdict);
    }

    private static TlsDecision tls(String address, @Nullable String serverName, TlsVerdict verdict) {
        return new TlsDecision(System.currentTimeMillis(), "100.80.4.1", address, 443, serverName, verdict, 100);
    }

    private static HttpDecision http(String address, HttpVerdict verdict) {
        return http(address, "quiet.example.net", "quiet.example.net", verdict);
    }

    private static HttpDecision http(String address, @Nullable String serverName, String host, HttpVerdict verdict) {
        return new HttpDecision(
                System.currentTimeMillis(),
                "100.80.4.1",
                address,
                443,
                serverName,
                "GET",
                host,
                "/",
                false,
                verdict,
                200,
                10,
                20,
                100);
    }
}
