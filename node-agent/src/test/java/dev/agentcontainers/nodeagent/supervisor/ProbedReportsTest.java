package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.Probe;
import dev.agentcontainers.nodeagent.sandbox.Probe.Handler;
import dev.agentcontainers.nodeagent.sandbox.Probes;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Availability;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent's probes say is reported as it is, whatever else fails meanwhile and for however long. */
class ProbedReportsTest {
    private static final SandboxId ID = new SandboxId("a");
    private static final Optional<Probe> CHECK = Optional.of(new Probe(
            new Handler.Exec(List.of("/check")),
            Duration.ZERO,
            Duration.ofMillis(10),
            Duration.ofSeconds(10),
            1,
            1,
            Optional.empty()));

    private static final Assignments READY =
            Assignments.of("a").probes(new Probes(Optional.empty(), CHECK, Optional.empty()));

    @TempDir
    private Path folder;

    private TestNode node;

    @BeforeEach
    void up() {
        node = new TestNode(folder).up().policy(1, 5, TestNode.GROUP);
    }

    @AfterEach
    void close() {
        node.close();
        assertThat(node.machine.violations()).isEmpty();
    }

    private void running(Assignments what) {
        node.run(what.assignment());
        awaitAvailability(true, "Running");
        assertThat(node.latest(ID).orElseThrow().phase()).isEqualTo(AssignmentPhase.Running);
    }

    private AgentReport awaitAvailability(boolean available, String reason) {
        await("availability " + available + ", " + reason)
                .dontCatchUncaughtExceptions()
                .atMost(TestNode.PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> node.latest(ID)
                        .flatMap(AgentReport::availability)
                        .filter(said ->
                                said.available() == available && said.reason().equals(reason))
                        .isPresent());
        return node.latest(ID).orElseThrow();
    }

    private static SandboxException trouble(Step step) {
        return new SandboxException(step, Kind.TRANSIENT, "no luck at " + step);
    }

    /** Turns not ready while that goes on: it is said, stays said, and the trouble still is. */
    private void turnsUnready(String reason) {
        node.machine.answer(ID, 1);
        awaitAvailability(false, "ReadinessProbeFailed");
        node.awaitReason(ID, reason);
        int before = node.reports().size();
        node.pass(Duration.ofMinutes(10));
        node.pass(Duration.ofMinutes(10));
        List<AgentReport> all = node.reports();
        assertThat(all.subList(before, all.size()))
                .noneMatch(report ->
                        report.availability().filter(Availability::available).isPresent());
    }

    private void turnsReadyAndUnready(String reason) {
        turnsUnready(reason);
        node.machine.answer(ID, 0);
        assertThat(awaitAvailability(true, "Running").reason()).isEqualTo(reason);
        turnsUnready(reason);
    }

    private void heals() {
        node.calls().heal();
        node.pass(Duration.ofMinutes(10));
        assertThat(node.awaitReason(ID, "Running").availability())
                .hasValueSatisfying(said -> assertThat(said.reason()).isEqualTo("ReadinessProbeFailed"));
        awaitJournalled(false);
    }

    private void awaitJournalled(boolean ready) {
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.journalled(ID)
                        .flatMap(entry -> entry.run().flatMap(JournalEntry.Run::probed))
                        .filter(said -> said.ready() == ready)
                        .isPresent());
    }

    @Test
    void whileTheDiskIsFull() {
        running(READY);
        // Else what is said now may be what it has already, and there is nothing to note.
        awaitJournalled(true);
        node.calls().fail("journal.note", trouble(Step.PREPARE));

        turnsUnready("JournalFailed");
        // As the journal has it.
        node.machine.answer(ID, 0);
        awaitAvailability(true, "Running");
        turnsUnready("JournalFailed");

        heals();
    }

    @Test
    void whileTheFenceCannotBeFollowed() {
        running(READY);
        node.calls().fail("attach", trouble(Step.FENCE));
        node.policy(2, 5, TestNode.GROUP);
        node.pass(Duration.ZERO);
        node.awaitReason(ID, "FenceFailed");

        turnsReadyAndUnready("FenceFailed");

        heals();
    }

    @Test
    void whileLimitsCannotBeChanged() {
        running(READY);
        node.calls().fail("update", trouble(Step.OBSERVE));
        node.run(READY.newer().limits(Assignments.amounts(500, 1 << 24)).assignment());
        node.awaitReason(ID, "ObserveFailed");

        turnsReadyAndUnready("ObserveFailed");

        heals();
    }

    @Test
    void whileTheApiServerIsAway() {
        node.secrets.put("s-1", Map.of("token", new byte[] {'x'}));
        Assignments needy = READY.secret("s-1", "token");
        running(needy);
        node.loseApiServer();
        node.run(needy.newer().limits(Assignments.amounts(500, 1 << 24)).assignment());
        node.awaitReason(ID, "ResolveFailed");

        turnsReadyAndUnready("ResolveFailed");
    }

    /** Whose probes are not asked any more is not called well because it was. */
    @Test
    void anEndThatCannotBeJournalledIsNoAvailableAgent() {
        running(READY);
        node.calls().fail("journal.write", trouble(Step.PREPARE));

        node.machine.exit(ID, 3);

        assertThat(node.awaitReason(ID, "JournalFailed").availability()).hasValueSatisfying(said -> {
            assertThat(said.available()).isFalse();
            assertThat(said.reason()).isEqualTo("JournalFailed");
        });
        node.calls().heal();
        node.pass(Duration.ofMinutes(10));
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).availability()).isEmpty();
    }

    /** It is not stopped before the reason is in the journal, and not called well either. */
    @Test
    void aLivenessProbeThatFailsWhileTheDiskIsFull() {
        running(Assignments.of("a").probes(new Probes(Optional.empty(), Optional.empty(), CHECK)));
        node.calls().fail("journal.write", trouble(Step.PREPARE));

        node.machine.answer(ID, 1);

        awaitAvailability(false, "LivenessProbeFailed");
        assertThat(node.awaitReason(ID, "JournalFailed").availability())
                .hasValueSatisfying(said -> assertThat(said.reason()).isEqualTo("LivenessProbeFailed"));
        assertThat(node.machine.happened()).doesNotContain("terminate");
        node.calls().heal();
        node.pass(Duration.ofMinutes(10));
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).reason()).isEqualTo("LivenessProbeFailed");
    }

    /** Asked to stop for its probe, which it is not asked any more, by a runtime that does not answer. */
    @Test
    void aStopThatFailsIsNoAvailableAgent() {
        running(Assignments.of("a")
                .restart(RestartPolicy.Always)
                .probes(new Probes(Optional.empty(), Optional.empty(), CHECK)));
        node.calls().fail("terminate", trouble(Step.STOP));

        node.machine.answer(ID, 1);

        assertThat(node.awaitReason(ID, "StopFailed").availability())
                .hasValueSatisfying(said -> assertThat(said.reason()).isEqualTo("LivenessProbeFailed"));
    }
}
