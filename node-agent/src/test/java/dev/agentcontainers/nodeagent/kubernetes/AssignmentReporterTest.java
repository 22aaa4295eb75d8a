package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.audit.AuditCounts;
import dev.agentcontainers.nodeagent.audit.AuditRecord;
import dev.agentcontainers.nodeagent.audit.AuditSubject;
import dev.agentcontainers.nodeagent.audit.AuditTrail;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.fence.BudgetUse;
import dev.agentcontainers.nodeagent.fence.FenceEvent;
import dev.agentcontainers.nodeagent.journal.JournalEntry.Milestones;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import dev.agentcontainers.nodeagent.supervisor.AgentReport;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AssignmentReporterTest {
    private static final AuditSubject AGENT = new AuditSubject(
            new SandboxId("a"), new AuditSubject.Agent("team", "a", "uid"), "100.80.4.2", "group", "hash", List.of());

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration PASSAGE = Duration.ofSeconds(2);
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00.123456789Z");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<AgentAssignmentStatus> written = new CopyOnWriteArrayList<>();
    private final AuditTrail trail = AuditTrail.watched("n1", "test", Clock.systemUTC());
    private volatile Function<SandboxId, Optional<AuditCounts>> counts = trail::counts;

    @AfterEach
    void stop() throws InterruptedException {
        timer.shutdownNow();
        trail.close();
    }

    /** What is denied is told now and then, and along with what is told anyway; it is no reason of its own to write. */
    @Test
    void statusHasWhatTheAgentWasDenied() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        reporter.report(report("a", AssignmentPhase.Running));
        await().atMost(PATIENCE).until(() -> written.size() == 1);
        assertThat(written.getFirst().egress()).as("nothing was counted").isNull();

        deny();
        reporter.report(report("a", AssignmentPhase.Running));
        assertThat(reporter.waiting()).isZero();
        reporter.sayEgress();
        await().atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.get(1).phase()).isEqualTo(AssignmentPhase.Running);
        assertThat(written.get(1).egress().flowsDenied()).isEqualTo(1);
        assertThat(written.get(1).egress().lastDenied()).isEqualTo("TCP to 192.0.2.10:443: " + Barrier.EGRESS.reason());

        reporter.sayEgress();
        assertThat(reporter.waiting()).as("it is the same").isZero();
        deny();
        reporter.report(report("a", AssignmentPhase.Succeeded));
        await().atMost(PATIENCE).until(() -> written.size() == 3);
        assertThat(written.getLast().egress().flowsDenied()).isEqualTo(2);
    }

    /** It is another with each look: no look may cost a write. */
    @Test
    void whatAnAgentUsesGoesAlongWithWhatIsWrittenAnyway() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        AgentReport running = report("a", AssignmentPhase.Running).withRun(Optional.of(new AgentReport.Run.Going(NOW)));
        reporter.report(running);
        await().atMost(PATIENCE).until(() -> written.size() == 1);
        assertThat(written.getFirst().usage()).as("nobody has looked yet").isNull();

        for (int second = 1; second <= 50; second++) {
            uses(reporter, look(NOW, second));
            reporter.report(running);
            reporter.sayAgain();
            reporter.sayEgress();
        }
        assertThat(reporter.waiting()).isZero();
        assertThat(reporter.writes()).isEqualTo(1);

        deny();
        reporter.sayEgress();
        await().atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.getLast().egress().flowsDenied()).isEqualTo(1);
        assertThat(written.getLast().usage())
                .isEqualTo(new AgentContainerStatus.Usage(
                        "2026-11-24T10:00:00.123456Z",
                        "2026-11-24T10:00:50.123456Z",
                        50_000L,
                        50L << 20,
                        60L << 20,
                        3L,
                        null,
                        0L));
        reporter.usesNothing(new SandboxId("a"));
        deny();
        reporter.sayEgress();
        await().atMost(PATIENCE).until(() -> written.size() == 3);
        assertThat(written.getLast().usage()).as("nobody can tell any more").isNull();
    }

    @Test
    void whatAnEarlierRunUsedIsNotSaidOfTheNextOne() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        RunUse use = new RunUse(
                NOW,
                NOW.plusSeconds(9),
                OptionalLong.of(2_345_678_901L),
                OptionalLong.empty(),
                OptionalLong.of(10 << 20),
                OptionalLong.of(1));
        uses(reporter, look(NOW, 8));
        reporter.report(report("a", AssignmentPhase.Preparing, "ended with exit code 1")
                .withRun(Optional.of(new AgentReport.Run.Ended(use))));
        await().atMost(PATIENCE).until(() -> written.size() == 1);
        AgentContainerStatus.Usage whole = new AgentContainerStatus.Usage(
                "2026-11-24T10:00:00.123456Z", "2026-11-24T10:00:09.123456Z", 2345L, null, null, null, 10L << 20, 1L);
        assertThat(written.getLast().usage()).isEqualTo(whole);

        Instant second = NOW.plusSeconds(20);
        reporter.report(report("a", AssignmentPhase.Running).withRun(Optional.of(new AgentReport.Run.Going(second))));
        await().atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.getLast().usage())
                .as("the last look was at the run before")
                .isNull();
        assertThat(StatusPatch.text(written.getLast(), java.util.Set.of())).contains("\"usage\":null");

        uses(reporter, look(second, 5));
        reporter.unreadable(resource("a"), "it has a field too many");
        await().atMost(PATIENCE).until(() -> written.size() == 3);
        assertThat(written.getLast().usage()).as("it is not known of what").isNull();
    }

    private static void uses(AssignmentReporter reporter, SandboxStats look) {
        reporter.uses(
                new SandboxId("a"),
                report("a", AssignmentPhase.Running).assignment().agent(),
                look);
    }

    private static SandboxStats look(Instant startedAt, int second) {
        return new SandboxStats(
                startedAt.plusSeconds(second),
                startedAt,
                "1",
                OptionalLong.of(second * 1_000_000_000L),
                OptionalLong.empty(),
                OptionalLong.of(50 << 20),
                OptionalLong.of(60 << 20),
                OptionalLong.empty(),
                OptionalLong.of(3),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.of(0));
    }

    @Test
    void whatWasSaidOfAnAgentThatIsGoneStays() {
        AtomicReference<Optional<AuditCounts>> known = new AtomicReference<>();
        counts = id -> known.get();
        deny();
        known.set(trail.counts(new SandboxId("a")));
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        reporter.report(report("a", AssignmentPhase.Running));
        await().atMost(PATIENCE).until(() -> written.size() == 1);

        known.set(Optional.empty());
        deny();
        reporter.report(report("a", AssignmentPhase.Succeeded));
        await().atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.getLast().egress().flowsDenied())
                .as("with what came until then")
                .isEqualTo(2);
        deny();
        await("what comes late is said once more").atMost(PATIENCE).until(() -> written.size() == 3);
        assertThat(written.getLast().egress().flowsDenied()).isEqualTo(3);
    }

    @Test
    void statusSaysAtOnceThatABudgetIsUsedUp() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        trail.onAgents(reporter);
        reporter.report(report("a", AssignmentPhase.Running));
        await().atMost(PATIENCE).until(() -> written.size() == 1);

        trail.take(new AuditRecord.BudgetUsedUp(
                NOW,
                AGENT,
                new BudgetUse("EgressPolicy/a spec.egress[b]", 2048, OptionalLong.of(2048), OptionalLong.empty())));
        await().atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.getLast().egress().lastDenied())
                .isEqualTo("the budget of 2048 bytes of EgressPolicy/a spec.egress[b] is used up");
    }

    private void deny() {
        trail.take(new AuditRecord.FlowDenied(
                NOW,
                Optional.of(AGENT),
                Optional.empty(),
                AuditRecord.Direction.OUTBOUND,
                Barrier.EGRESS,
                new FenceEvent.Tuple(6, "100.80.4.2", 40000, "192.0.2.10", 443),
                Optional.empty()));
    }

    @Test
    void startThatGoesThroughAtOnceIsOneWrite() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));

        reporter.report(report("a", AssignmentPhase.Preparing));
        reporter.report(report("a", AssignmentPhase.Running));

        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        await().during(Duration.ofMillis(2500)).atMost(PATIENCE).until(() -> phases().size() == 1);
        assertThat(phases()).containsExactly(AssignmentPhase.Running);
    }

    @Test
    void stageThatLastsIsWritten() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));

        reporter.report(report("a", AssignmentPhase.Preparing));

        await().atMost(PATIENCE).until(() -> phases().equals(List.of(AssignmentPhase.Preparing)));
        reporter.report(report("a", AssignmentPhase.Preparing));
        reporter.report(report("a", AssignmentPhase.Stopping));
        reporter.report(report("a", AssignmentPhase.Stopped));
        await().atMost(PATIENCE).until(() -> phases().size() == 2);
        assertThat(phases()).containsExactly(AssignmentPhase.Preparing, AssignmentPhase.Stopped);
    }

    @Test
    void troubleIsWrittenBeforeAStageThatPasses() {
        AssignmentReporter reporter = new AssignmentReporter(
                (_, status) -> written.add(status), Duration.ofHours(1), () -> Map.of(), () -> Map.of(), counts, timer);

        reporter.report(report("a", AssignmentPhase.Preparing));
        reporter.report(report("a", AssignmentPhase.Preparing, "the disk is full"));

        await().atMost(PATIENCE).until(() -> phases().equals(List.of(AssignmentPhase.Preparing)));
        assertThat(written.getFirst().message()).isEqualTo("the disk is full");
    }

    @Test
    void stagesThatFollowEachOtherQuicklyAreStillWrittenAfterAWhile() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        AtomicInteger attempt = new AtomicInteger();

        await().pollInterval(Duration.ofMillis(100)).atMost(PATIENCE).until(() -> {
            reporter.report(report("a", AssignmentPhase.Preparing, "attempt " + attempt.incrementAndGet()));
            return !written.isEmpty();
        });
    }

    @Test
    void triesAgainAndThenWritesTheNewestOnly() {
        AtomicInteger failures = new AtomicInteger(2);
        AssignmentReporter reporter = reporter((_, status) -> {
            if (failures.getAndDecrement() > 0) {
                throw new KubernetesClientException("the API server is away");
            }
            return written.add(status);
        });

        reporter.report(report("a", AssignmentPhase.Running));
        await().atMost(PATIENCE).until(() -> failures.get() < 2);
        reporter.report(report("a", AssignmentPhase.Succeeded));

        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        assertThat(phases()).containsExactly(AssignmentPhase.Succeeded);
    }

    @Test
    void reportDuringAWriteIsNotLost() throws InterruptedException {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AssignmentReporter reporter = reporter((_, status) -> {
            writing.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return written.add(status);
        });

        reporter.report(report("a", AssignmentPhase.Running));
        writing.await();
        reporter.report(report("a", AssignmentPhase.Failed));
        reporter.report(report("a", AssignmentPhase.Stopped));
        goOn.countDown();

        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        assertThat(phases()).containsExactly(AssignmentPhase.Running, AssignmentPhase.Stopped);
    }

    @Test
    void givesUpOnlyWhereTheAssignmentIsGone() {
        AtomicInteger asked = new AtomicInteger();
        AssignmentReporter reporter = reporter((_, _) -> {
            asked.incrementAndGet();
            return false;
        });

        reporter.report(report("a", AssignmentPhase.Stopped));

        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        assertThat(asked).hasValue(1);
    }

    @Test
    void saysTheSameOnlyOnce() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));

        reporter.report(report("a", AssignmentPhase.Running));
        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        reporter.report(report("a", AssignmentPhase.Running));

        await().during(Duration.ofMillis(300)).atMost(PATIENCE).until(() -> phases().size() == 1);
    }

    @Test
    void statusHasWhatTheReportSays() {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        AgentReport plain = report("a", AssignmentPhase.Running);

        reporter.report(new AgentReport(
                plain.assignment(),
                AssignmentPhase.Running,
                "Running",
                "",
                Optional.of("100.80.4.2"),
                Optional.of(new AgentReport.Enforcement("group-a", "hash", 12)),
                Optional.of(3),
                2,
                new Milestones(Optional.of(NOW), Optional.of(NOW), Optional.of(NOW), Optional.empty())));

        await().atMost(PATIENCE).until(() -> written.size() == 1);
        AgentAssignmentStatus status = written.getFirst();
        assertThat(status.observedGeneration()).isEqualTo(4);
        assertThat(status.agentGeneration()).isEqualTo(Assignments.AGENT_GENERATION);
        assertThat(status.message()).isNull();
        assertThat(status.address()).isEqualTo("100.80.4.2");
        assertThat(status.strength()).isEqualTo(IsolationLevel.Process);
        assertThat(status.policy()).isEqualTo(new AgentAssignmentStatus.Policy("group-a", "hash", 12L));
        assertThat(status.exitCode()).isEqualTo(3);
        assertThat(status.restarts()).isEqualTo(2);
        assertThat(status.transitions().started()).isEqualTo("2026-11-24T10:00:00.123456Z");
        assertThat(status.transitions().finished()).isNull();
        assertThat(StatusPatch.text(status, java.util.Set.of()))
                .contains("\"message\":null", "\"finished\":null", "\"phase\":\"Running\"");
    }

    /** A write for each would let an agent flood the API server. */
    @Test
    void probesThatComeAndGoCostFewWrites() throws InterruptedException {
        AssignmentReporter reporter = reporter((_, status) -> written.add(status));
        reporter.report(probed(false));
        await().atMost(PATIENCE).until(() -> written.size() == 1);
        reporter.report(probed(true));
        await("the first word").atMost(PATIENCE).until(() -> written.size() == 2);
        assertThat(written.getLast().availability().available()).isTrue();

        for (int i = 0; i < 50; i++) {
            reporter.report(probed(i % 2 == 1));
        }
        reporter.report(probed(false));

        await().atMost(PATIENCE).until(() -> reporter.waiting() == 0);
        assertThat(written).hasSize(3);
        assertThat(written.getLast().availability())
                .isEqualTo(new AgentAssignmentStatus.Availability(false, "ReadinessProbeFailed", "why"));
        reporter.report(report("a", AssignmentPhase.Succeeded));
        await("what else is new").atMost(PATIENCE).until(() -> written.size() == 4);
        assertThat(written.getLast().availability()).isNull();
    }

    private static AgentReport probed(boolean available) {
        AgentReport plain = report("a", AssignmentPhase.Running);
        return new AgentReport(
                plain.assignment(),
                plain.phase(),
                plain.reason(),
                plain.message(),
                plain.address(),
                plain.enforcement(),
                plain.exitCode(),
                plain.restarts(),
                plain.milestones(),
                plain.imageDigest(),
                Optional.of(new AgentReport.Availability(
                        available, available ? "Running" : "ReadinessProbeFailed", available ? "" : "why")),
                plain.mountedImages(),
                plain.run());
    }

    private AssignmentReporter reporter(AssignmentReporter.Destination destination) {
        return new AssignmentReporter(
                destination,
                PASSAGE,
                () -> Map.of("process", new DriverProbe.Ready("crun 1", IsolationLevel.Process, List.of(), List.of())),
                () -> weaknesses,
                counts,
                timer);
    }

    private volatile Map<String, String> weaknesses = Map.of();

    /** Agents that run are told of when their driver turns out to be weak, and when it has been mended. */
    @Test
    void aWeaknessThatIsFoundLaterIsSaidOfAllThatRun() {
        try (AssignmentReporter reporter = reporter((_, status) -> written.add(status))) {
            reporter.report(report("a", AssignmentPhase.Running));
            await().atMost(PATIENCE).until(() -> written.size() == 1);
            assertThat(written.getLast().weakness()).isNull();

            weaknesses = Map.of("process", "it leaks");
            reporter.sayAgain();
            await().atMost(PATIENCE).until(() -> written.size() == 2);
            assertThat(written.getLast().weakness()).isEqualTo("it leaks");

            reporter.sayAgain();
            weaknesses = Map.of();
            reporter.sayAgain();
            await().atMost(PATIENCE).until(() -> written.size() == 3);
            assertThat(written.getLast().weakness()).isNull();
        }
    }

    private List<AssignmentPhase> phases() {
        return written.stream().map(AgentAssignmentStatus::phase).toList();
    }

    private static AgentReport report(String uid, AssignmentPhase phase) {
        return report(uid, phase, "");
    }

    private static AgentAssignment resource(String uid) {
        AgentAssignment resource = new AgentAssignment();
        resource.setMetadata(
                new ObjectMetaBuilder().withName(uid).withGeneration(4L).build());
        resource.setSpec(Assignments.spec(uid, List.of("true")));
        return resource;
    }

    private static AgentReport report(String uid, AssignmentPhase phase, String message) {
        return new AgentReport(
                AssignmentMapping.assignment(resource(uid)),
                phase,
                phase.name(),
                message,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                Milestones.NONE);
    }
}
