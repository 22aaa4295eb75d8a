package dev.agentcontainers.nodeagent.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.audit.AuditRecord.Direction;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import dev.agentcontainers.nodeagent.fence.FenceSettings;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.observability.AuditMeters;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AuditedFenceTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final SandboxId A = new SandboxId("a");
    private static final SandboxId B = new SandboxId("b");
    private static final SandboxId STRANGER = new SandboxId("stranger");
    private static final GroupRuleset RULES = new GroupRuleset(
            "web",
            "hash",
            List.of(new Allow("192.0.2.0/24", Protocol.TCP, 443, 443)),
            List.of(new Allow("100.80.0.0/12", Protocol.TCP, 80, 89)),
            List.of(new AllowedName("*.example.org", Protocol.TCP, 443, 443)),
            List.of(new AllowedName("tls.example.net", Protocol.TCP, 443, 443)),
            List.of(),
            List.of(),
            List.of("NetworkPolicy team/web"));

    private final EventfulFence machine = new EventfulFence();
    private final AuditTrail trail = AuditTrail.watched("node", "", Clock.systemUTC());
    private final AuditedFence fence = new AuditedFence(
            machine,
            trail,
            id -> Optional.of(
                    new AuditSubject.Agent(id.equals(STRANGER) ? "other" : "team", "agent-" + id.value(), "uid")));
    private final AuditWatch watch = trail.watch(Optional.empty());

    @BeforeEach
    void open() throws SandboxException {
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        fence.apply(List.of(RULES));
        fence.attach(A, new NetworkAttachment(1), "web");
    }

    @AfterEach
    void close() throws InterruptedException {
        trail.close();
    }

    private <T extends AuditRecord> T next(Class<T> kind) throws InterruptedException {
        AuditRecord record = watch.next(PATIENCE).orElseThrow().record();
        assertThat(record).isInstanceOf(kind);
        return kind.cast(record);
    }

    private void tell(FenceEvent event) {
        machine.listener.accept(event);
    }

    private static Tuple to(String source, String destination, int port) {
        return new Tuple(6, source, 40_000, destination, port);
    }

    @Test
    void whatIsAllowedNamesAgentGroupPoliciesAndRule() throws Exception {
        tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.1", "192.0.2.9", 443)));
        AuditRecord.FlowOpened opened = next(AuditRecord.FlowOpened.class);
        AuditSubject subject = opened.subject().orElseThrow();
        assertThat(subject.displayName()).isEqualTo("team/agent-a");
        assertThat(subject.group()).isEqualTo("web");
        assertThat(subject.hash()).isEqualTo("hash");
        assertThat(subject.sources()).containsExactly("NetworkPolicy team/web");
        assertThat(opened.flow().permission().rule()).contains("egress 192.0.2.0/24 TCP 443");
        assertThat(opened.flow().permission().domain()).isEmpty();
        assertThat(opened.flow().direction()).isEqualTo(Direction.OUTBOUND);
    }

    @Test
    void whatANameOpenedHasTheNameOfItsOwnAgent() throws Exception {
        fence.attach(B, new NetworkAttachment(2), "web");
        fence.opened(A, "www.example.org", List.of("198.51.100.7"));
        tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.1", "198.51.100.7", 443)));
        AuditRecord.FlowOpened opened = next(AuditRecord.FlowOpened.class);
        assertThat(opened.flow().permission().domain()).contains("www.example.org");
        assertThat(opened.flow().permission().rule()).contains("egress *.example.org TCP 443");
        tell(new FenceEvent.Opened(Instant.now(), "g", to("100.80.4.2", "198.51.100.7", 443)));
        assertThat(next(AuditRecord.FlowOpened.class).flow().permission()).isEqualTo(AuditRecord.Permission.UNKNOWN);
    }

    @Test
    void aNameForTlsOnlyIsARuleToo() throws Exception {
        fence.opened(A, "tls.example.net", List.of("198.51.100.8"));
        tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.1", "198.51.100.8", 443)));
        assertThat(next(AuditRecord.FlowOpened.class).flow().permission().rule())
                .contains("egress tls.example.net TCP 443");
    }

    @Test
    void aBudgetThatIsUsedUpIsToldOfOnceAndCountedOnTheWay() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        trail.onAgents(new AuditMeters(registry));
        String rule = "EgressPolicy/sites spec.egress[a]";
        use(new BudgetUse(rule, 400, OptionalLong.of(2048), OptionalLong.empty()));
        use(new BudgetUse(rule, 1000, OptionalLong.of(2048), OptionalLong.empty()));
        assertThat(trail.counts(A).orElseThrow().budgets())
                .containsExactly(new BudgetUse(rule, 1000, OptionalLong.of(2048), OptionalLong.empty()));
        BudgetUse usedUp = new BudgetUse(rule, 2048, OptionalLong.of(2048), OptionalLong.empty());
        use(usedUp);
        use(usedUp);
        AuditRecord.BudgetUsedUp told = next(AuditRecord.BudgetUsedUp.class);
        assertThat(told.agent().sandbox()).isEqualTo(A);
        assertThat(told.use()).isEqualTo(usedUp);
        BudgetUse more = new BudgetUse(rule, 4096, OptionalLong.of(4096), OptionalLong.empty());
        use(more);
        assertThat(next(AuditRecord.BudgetUsedUp.class).use())
                .as("the next one")
                .isEqualTo(more);
        assertThat(registry.get("agentcontainers.egress.budget.bytes")
                        .tags("namespace", "team", "policy", "EgressPolicy/sites", "rule", "spec.egress[a]")
                        .counter()
                        .count())
                .isEqualTo(4096);
        assertThat(registry.get("agentcontainers.egress.budget.exhausted")
                        .counter()
                        .count())
                .isEqualTo(2);
    }

    private void use(BudgetUse use) {
        machine.used.put(A, List.of(use));
        fence.readBudgets();
    }

    /** Whoever may look at an agent may not look at those that it talks with, or that talk to it. */
    @Test
    void aWatchShowsNothingOfOtherNamespacesButAddresses() throws Exception {
        fence.attach(STRANGER, new NetworkAttachment(2), "web");
        fence.opened(STRANGER, "www.example.org", List.of("100.80.4.1"));
        try (AuditWatch ofA = trail.watch(Optional.of(A))) {
            tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.2", "100.80.4.1", 80)));
            tell(new FenceEvent.Closed(
                    Instant.now(), "f", to("100.80.4.2", "100.80.4.1", 80), Optional.empty(), Optional.empty()));
            tell(new FenceEvent.Denied(
                    Instant.now(),
                    Barrier.EGRESS,
                    Optional.of(STRANGER),
                    Optional.of(A),
                    to("100.80.4.2", "100.80.4.1", 443)));
            tell(new FenceEvent.Denied(
                    Instant.now(),
                    Barrier.INGRESS,
                    Optional.of(A),
                    Optional.of(STRANGER),
                    to("100.80.4.1", "100.80.4.2", 443)));
            for (int i = 0; i < 4; i++) {
                assertThat(ofA.next(PATIENCE).orElseThrow().line())
                        .contains("100.80.4.2", "team/agent-a")
                        .doesNotContain("other", "stranger", "policy", "example.org", "egress 100");
                assertThat(watch.next(PATIENCE).orElseThrow().line())
                        .as("the node's own record has all of it")
                        .contains("other/agent-stranger", "\"policy\"");
            }
        }
    }

    @Test
    void aWatchShowsAgentsOfTheSameNamespace() throws Exception {
        fence.attach(B, new NetworkAttachment(2), "web");
        try (AuditWatch ofA = trail.watch(Optional.of(A))) {
            tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.2", "100.80.4.1", 80)));
            assertThat(ofA.next(PATIENCE).orElseThrow().line()).contains("team/agent-b", "\"policy\"");
        }
    }

    /** Whoever ends an agent detaches it more than once, and the kernel forgets its count with the first time. */
    @Test
    void whatWasDeniedIsCountedAlsoWhereTheAgentIsDetachedTwice() throws Exception {
        machine.denied.put(A, 2000L);
        fence.detach(A);
        fence.detach(A);
        fence.compare();
        fence.compare();
        assertThat(next(AuditRecord.Missing.class).count()).isEqualTo(2000);
    }

    @Test
    void whatWasDeniedInALaterLifeIsCountedBesideTheFirst() throws Exception {
        machine.denied.put(A, 2000L);
        fence.detach(A);
        fence.attach(A, new NetworkAttachment(2), "web");
        machine.denied.put(A, 30L);
        fence.compare();
        assertThat(next(AuditRecord.Missing.class).count()).isEqualTo(2000);
        fence.compare();
        assertThat(next(AuditRecord.Missing.class).count()).isEqualTo(30);
    }

    @Test
    void bothEndsAndThoseFromElsewhere() throws Exception {
        fence.attach(B, new NetworkAttachment(2), "web");
        tell(new FenceEvent.Opened(Instant.now(), "f", to("100.80.4.1", "100.80.4.2", 80)));
        AuditRecord.FlowOpened between = next(AuditRecord.FlowOpened.class);
        assertThat(between.flow().direction()).isEqualTo(Direction.BETWEEN_AGENTS);
        assertThat(between.peer().orElseThrow().sandbox()).isEqualTo(B);
        assertThat(between.concerns(B)).isTrue();
        tell(new FenceEvent.Opened(Instant.now(), "g", to("100.90.0.9", "100.80.4.2", 85)));
        AuditRecord.FlowOpened inbound = next(AuditRecord.FlowOpened.class);
        assertThat(inbound.flow().direction()).isEqualTo(Direction.INBOUND);
        assertThat(inbound.subject().orElseThrow().sandbox()).isEqualTo(B);
        assertThat(inbound.flow().permission().rule()).contains("ingress 100.80.0.0/12 TCP 80-89");
    }

    /** The kernel tells a little later, and its agent may be gone and its address another's. */
    @Test
    void anEndIsOfWhoHadTheAddressWhenItBegan() throws Exception {
        tell(new FenceEvent.Opened(Instant.now(), "known", to("100.80.4.1", "192.0.2.9", 443)));
        next(AuditRecord.FlowOpened.class);
        Instant before = Instant.now();
        fence.detach(A);
        machine.nextAddress = 1;
        fence.attach(B, new NetworkAttachment(2), "web");
        for (String flow : List.of("known", "unknown")) {
            tell(new FenceEvent.Closed(
                    before, flow, to("100.80.4.1", "192.0.2.9", 443), Optional.empty(), Optional.of(Duration.ZERO)));
            assertThat(next(AuditRecord.FlowClosed.class)
                            .subject()
                            .orElseThrow()
                            .sandbox())
                    .as(flow)
                    .isEqualTo(A);
        }
    }

    @Test
    void denialsAreOfTheInterfaceTheyCameInBy() throws Exception {
        tell(new FenceEvent.Denied(
                Instant.now(), Barrier.SOURCE, Optional.of(A), Optional.empty(), to("100.80.4.2", "192.0.2.9", 443)));
        AuditRecord.FlowDenied denied = next(AuditRecord.FlowDenied.class);
        assertThat(denied.subject().orElseThrow().sandbox()).isEqualTo(A);
        tell(new FenceEvent.Denied(
                Instant.now(), Barrier.SOURCE, Optional.empty(), Optional.empty(), to("1.2.3.4", "192.0.2.9", 443)));
        assertThat(next(AuditRecord.FlowDenied.class).subject()).isEmpty();
        assertThat(trail.counts(A).orElseThrow().flowsDenied()).isEqualTo(1);
    }

    @Test
    void aProxyThatWasBrokenIntoWritesNoLinesAndNoDates() throws Exception {
        fence.decided(new NameDecision(
                4_000_000_000_000L,
                "100.80.4.1",
                "x\n{\"class_uid\"",
                "A",
                NameVerdict.DENIED,
                null,
                java.util.Collections.nCopies(1000, "192.0.2.1"),
                -5));
        AuditWatch.Shown shown = watch.next(PATIENCE).orElseThrow();
        AuditRecord.NameDecided decided = (AuditRecord.NameDecided) shown.record();
        assertThat(decided.at()).isBeforeOrEqualTo(Instant.now());
        assertThat(decided.subject().orElseThrow().sandbox()).isEqualTo(A);
        assertThat(decided.addresses()).hasSize(100);
        assertThat(shown.line()).doesNotContain("\n").contains("x?{\\\"class_uid\\\"");
    }

    @Test
    void aFenceThatCannotBeObservedStandsAllTheSame() throws Exception {
        machine.unobservable = true;
        fence.open(new FenceSettings("100.80.4.0/24", "100.80.0.0/12", List.of()));
        assertThat(next(AuditRecord.Missing.class).reason()).contains("could not be observed");
    }
}
