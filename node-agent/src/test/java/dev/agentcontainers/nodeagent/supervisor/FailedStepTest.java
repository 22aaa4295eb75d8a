package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every step of a start can fail; then the agent has not run, nothing is left, and the report says which and why. */
class FailedStepTest {
    private static final Assignment ASSIGNMENT = Assignments.of("a").assignment();
    private static final SandboxId ID = ASSIGNMENT.id();

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

    @ParameterizedTest
    @CsvSource({
        "prepare, PREPARE, PrepareFailed",
        "create, CREATE, CreateFailed",
        "attach, FENCE, FenceFailed",
        "start, START, StartFailed"
    })
    void whatMayPassIsTriedAgain(String call, Step step, String reason) {
        node.calls().fail(call, new SandboxException(step, Kind.TRANSIENT, "no luck with " + call));

        node.run(ASSIGNMENT);

        AgentReport report = node.awaitReason(ID, reason);
        assertThat(report.phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(report.message()).isEqualTo("no luck with " + call);
        assertThat(node.machine.starts(ID)).isZero();
        assertThat(node.machine.hasRuns()).isFalse();

        node.calls().heal();
        node.pass(Duration.ofSeconds(1));

        assertThat(node.awaitPhase(ID, AssignmentPhase.Running).restarts()).isZero();
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "prepare, PREPARE, INVALID_SPEC, Failed, PrepareFailed",
        "create, CREATE, INVALID_SPEC, Failed, CreateFailed",
        "start, START, INVALID_SPEC, Failed, StartFailed",
        "prepare, PREPARE, UNSUPPORTED, Rejected, UnsupportedSpec",
        "create, CREATE, UNSUPPORTED, Rejected, UnsupportedSpec",
        "attach, FENCE, UNSUPPORTED, Rejected, UnsupportedSpec"
    })
    void whatCannotPassIsFinal(String call, Step step, Kind kind, AssignmentPhase phase, String reason) {
        node.calls().fail(call, new SandboxException(step, kind, "spec.command: not found"));

        node.run(ASSIGNMENT);

        AgentReport report = node.awaitPhase(ID, phase);
        assertThat(report.reason()).isEqualTo(reason);
        assertThat(report.message()).isEqualTo("spec.command: not found");
        assertThat(node.machine.starts(ID)).isZero();
        assertThat(node.machine.hasRuns()).isFalse();
        node.calls().heal();
        node.pass(Duration.ofHours(1));
        node.crash();
        node.up().run(ASSIGNMENT);
        node.awaitPhase(ID, phase);
        assertThat(node.machine.starts(ID)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"prepare, PREPARE, PrepareFailed", "create, CREATE, CreateFailed", "attach, FENCE, FenceFailed"})
    void whatFailsAfterItsEffectIsUndone(String call, Step step, String reason) {
        node.calls().failAfter(call, new SandboxException(step, Kind.TRANSIENT, "done, but not well"));

        node.run(ASSIGNMENT);

        assertThat(node.awaitReason(ID, reason).message()).isEqualTo("done, but not well");
        assertThat(node.machine.starts(ID)).isZero();
        assertThat(node.machine.hasRuns()).isFalse();
        node.calls().heal();
        node.pass(Duration.ofSeconds(1));
        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void aStartThatFailsAfterItsEffectIsNotRepeated() {
        node.calls().failAfter("start", new SandboxException(Step.START, Kind.TRANSIENT, "the note of it failed"));

        node.run(ASSIGNMENT);

        assertThat(node.awaitPhase(ID, AssignmentPhase.Running).restarts()).isZero();
        assertThat(node.machine.attachments()).containsOnlyKeys(ID);
        node.machine.exit(ID, 3);
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).exitCode()).hasValue(3);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void aStartThatFailsAfterTheAgentHasEndedIsNotRepeated() {
        node.calls().after("start", () -> {
            node.machine.exit(ID, 4);
            throw new SandboxException(Step.START, Kind.TRANSIENT, "the note of it failed");
        });

        node.run(ASSIGNMENT);

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Failed);
        assertThat(report.exitCode()).hasValue(4);
        assertThat(report.reason()).isEqualTo("NonZeroExit");
        assertThat(node.machine.starts(ID)).isEqualTo(1);
        assertThat(node.machine.hasRuns()).isFalse();
    }

    @Test
    void aJournalThatCannotBeWrittenBeforeTheCreationKeepsTheAgentFromIt() {
        node.calls().fail("journal.note", full());

        node.run(ASSIGNMENT);

        AgentReport report = awaitJournalFailed();
        assertThat(report.phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(report.message()).contains("No space left on device");
        assertThat(node.machine.happened()).doesNotContain("create", "start");
        healsAndRuns();
    }

    @Test
    void aJournalThatCannotBeWrittenBeforeTheStartKeepsTheAgentFromItAndLeavesNothing() {
        node.calls().after("attach", () -> node.calls().fail("journal.note", full()));

        node.run(ASSIGNMENT);

        AgentReport report = awaitJournalFailed();
        assertThat(report.phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(node.machine.happened()).contains("create", "attach").doesNotContain("start");
        assertThat(node.machine.hasRuns()).isFalse();
        healsAndRuns();
    }

    @Test
    void aJournalThatCannotBeWrittenAfterTheStartStopsNothingAndStartsNothingTwice() {
        node.calls().after("start", () -> node.calls().fail("journal.write", full()));

        node.run(ASSIGNMENT);

        awaitJournalFailed();
        assertThat(node.machine.isRunning(ID)).isTrue();
        healsAndRuns();
    }

    /** The loop may be at its next try already. */
    private AgentReport awaitJournalFailed() {
        node.awaitReason(ID, "JournalFailed");
        return node.reports().stream()
                .filter(report -> report.reason().equals("JournalFailed"))
                .findFirst()
                .orElseThrow();
    }

    private static SandboxException full() {
        return new SandboxException(Step.PREPARE, Kind.TRANSIENT, "No space left on device");
    }

    private void healsAndRuns() {
        node.calls().heal();
        node.pass(Duration.ofSeconds(1));
        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void otherRulesInTheKernelThanTheWantedOnesKeepTheAgentFromStarting() {
        node.machine.holdOtherRules(Optional.of("hash-of-others"));

        node.run(ASSIGNMENT);

        AgentReport report = node.awaitReason(ID, "FenceFailed");
        assertThat(report.phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(report.message()).contains("hash-of-others").contains("hash-group-a-1");
        assertThat(node.machine.starts(ID)).isZero();
        assertThat(node.machine.hasRuns()).isFalse();
        node.machine.holdOtherRules(Optional.empty());
        healsAndRuns();
    }

    @Test
    void aFailedRemovalAfterAFailedStartIsMadeUpFor() {
        node.calls().fail("attach", new SandboxException(Step.FENCE, Kind.TRANSIENT, "no"));
        node.calls().fail("remove", new SandboxException(Step.REMOVE, Kind.TRANSIENT, "busy"));
        node.run(ASSIGNMENT);
        node.awaitReason(ID, "RemoveFailed");

        node.calls().heal();
        node.pass(Duration.ofSeconds(1));

        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    /** Each read may wait for a copy, and two reads of one may differ. */
    @Test
    void aSecretOfManyVariablesIsReadOnce() throws SandboxException {
        node.secrets.put("s-1", Map.of("token", new byte[] {'x'}, "user", new byte[] {'y'}));
        Assignment needy =
                Assignments.of("a").secret("s-1", "token", "user", "token").assignment();
        AtomicInteger reads = new AtomicInteger();

        SandboxSpec spec = new Resolution(new MaterialSource() {
                    @Override
                    public Optional<Map<String, byte[]>> configMap(String name) {
                        return Optional.empty();
                    }

                    @Override
                    public Optional<Map<String, byte[]>> secret(String name) {
                        reads.incrementAndGet();
                        return Optional.ofNullable(node.secrets.get(name));
                    }
                })
                .resolve(needy, new HeldImages.Had(Optional.empty(), Map.of()));

        assertThat(spec.environment()).containsAllEntriesOf(Map.of("TOKEN", "x", "TOKEN1", "y", "TOKEN2", "x"));
        assertThat(reads).hasValue(1);
    }

    @Test
    void aMissingSecretIsWaitedFor() {
        Assignment needy = Assignments.of("a").secret("s-1", "token").assignment();
        node.run(needy);
        assertThat(node.awaitReason(ID, "ResolveFailed").message()).isEqualTo("env TOKEN: Secret is missing");

        node.secrets.put("s-1", Map.of("other", new byte[0]));
        node.pass(Duration.ofSeconds(1));
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().message().equals("env TOKEN: Secret has no key 'token'"));

        node.secrets.put("s-1", Map.of("token", new byte[] {'x'}));
        node.pass(Duration.ofSeconds(2));
        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.spec(ID).orElseThrow().environment()).containsEntry("TOKEN", "x");
    }

    @Test
    void noEntryForItsGroupNoStart() {
        Assignment other = Assignments.of("a").group("group-b").assignment();
        node.run(other);
        assertThat(node.awaitReason(ID, "PolicyNotReady").phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(node.machine.happened()).doesNotContain("create");

        node.policy(2, 5, TestNode.GROUP, "group-b");

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(report.enforcement()).hasValue(new AgentReport.Enforcement("group-b", "hash-group-b-2", 2));
        assertThat(report.address()).hasValue("100.80.0.2");
    }

    @Test
    void noPolicyYetNoAdmission() {
        try (TestNode fresh = new TestNode(folder.resolve("fresh"))) {
            fresh.up().run(ASSIGNMENT);
            fresh.awaitReason(ID, "PolicyNotReady");
            fresh.policy(1, 5, TestNode.GROUP);
            fresh.awaitPhase(ID, AssignmentPhase.Running);
        }
    }

    @Test
    void aBindingOfAnOlderLeaderIsRejected() {
        node.run(Assignments.of("a").epoch(4).assignment());
        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Rejected);
        assertThat(report.reason()).isEqualTo("StaleBinding");
        assertThat(node.machine.happened()).doesNotContain("prepare", "create");
    }

    @Test
    void whatWasAcceptedStaysWhenANewLeaderComes() {
        node.run(ASSIGNMENT);
        node.awaitPhase(ID, AssignmentPhase.Running);
        node.policy(2, 6, TestNode.GROUP);
        node.crash();
        node.forgetReports();
        node.up().run(ASSIGNMENT);
        assertThat(node.awaitPhase(ID, AssignmentPhase.Running)
                        .enforcement()
                        .orElseThrow()
                        .revision())
                .isEqualTo(2);
    }

    @Test
    void anUnknownDriverIsRejected() {
        node.run(Assignments.of("a").driver("kata").assignment());
        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Rejected);
        assertThat(report.reason()).isEqualTo("UnsupportedDriver");
        assertThat(report.message()).contains("'kata'").contains("process");
    }

    @Test
    void aDriverThatIsWeakerThanTheAgentWasPlacedByIsRefused() {
        node.machine.countsAs(IsolationLevel.Container);
        Assignments agent = Assignments.of("a");
        node.run(agent.level(IsolationLevel.UserspaceKernel).assignment());
        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Rejected);
        assertThat(report.reason()).isEqualTo("IsolationTooWeak");
        assertThat(report.message()).isEqualTo("it counts as Container");
        assertThat(node.machine.happened()).doesNotContain("prepare", "create");

        Assignment enough = Assignments.of("b").level(IsolationLevel.Container).assignment();
        node.run(enough);
        node.awaitPhase(enough.id(), AssignmentPhase.Running);
    }

    @Test
    void capacityIsNeverExceeded() {
        Assignment big =
                Assignments.of("a").requests(Assignments.amounts(1500, 1)).assignment();
        Assignment other =
                Assignments.of("b").requests(Assignments.amounts(600, 1)).assignment();
        node.run(big);
        node.awaitPhase(ID, AssignmentPhase.Running);

        node.run(big, other);

        AgentReport report = node.awaitPhase(other.id(), AssignmentPhase.Rejected);
        assertThat(report.reason()).isEqualTo("OutOfCapacity");
        assertThat(report.message()).isEqualTo("cpu (thousandths): 600 asked for, 500 free of 2000");
    }

    /** By the next process too, which has it of the journal. */
    @Test
    void whatADriverTakesForEachAgentIsPartOfTheCapacity() {
        node.machine.takes(400 << 20);
        Assignment first =
                Assignments.of("a").requests(Assignments.amounts(1, 400 << 20)).assignment();
        Assignment second =
                Assignments.of("b").requests(Assignments.amounts(1, 1 << 20)).assignment();
        node.run(first);
        node.awaitPhase(ID, AssignmentPhase.Running);
        node.crash();
        node.up().run(first, second);

        AgentReport report = node.awaitPhase(second.id(), AssignmentPhase.Rejected);
        assertThat(report.reason()).isEqualTo("OutOfCapacity");
        assertThat(report.message())
                .isEqualTo("memory (bytes): %d asked for, %d free of %d".formatted(401L << 20, 224L << 20, 1L << 30));
    }

    @Test
    void aShareThatGrowsOrShrinksCountsAtOnce() {
        Assignment big =
                Assignments.of("a").requests(Assignments.amounts(1500, 1)).assignment();
        Assignment other =
                Assignments.of("b").requests(Assignments.amounts(600, 1)).assignment();
        Assignment third =
                Assignments.of("c").requests(Assignments.amounts(100, 1)).assignment();
        node.supervisor().allocate(Assignments.amounts(2100, 1 << 30));
        node.run(big, other);
        node.awaitPhase(ID, AssignmentPhase.Running);
        node.awaitPhase(other.id(), AssignmentPhase.Running);

        node.supervisor().allocate(Assignments.amounts(1000, 1 << 30));
        node.run(big, other, third);

        assertThat(node.awaitPhase(third.id(), AssignmentPhase.Rejected).message())
                .isEqualTo("cpu (thousandths): 100 asked for, 0 free of 1000");
        assertThat(node.machine.isRunning(big.id())).isTrue();
        assertThat(node.machine.isRunning(other.id())).isTrue();
    }

    @Test
    void capacityIsStillTakenAfterARestartOfTheNodeAgent() {
        Assignment big =
                Assignments.of("a").requests(Assignments.amounts(1500, 1)).assignment();
        Assignment other =
                Assignments.of("b").requests(Assignments.amounts(600, 1)).assignment();
        node.run(big);
        node.awaitPhase(ID, AssignmentPhase.Running);
        node.crash();

        node.up().run(other, big);

        assertThat(node.awaitPhase(other.id(), AssignmentPhase.Rejected).reason())
                .isEqualTo("OutOfCapacity");
    }

    @Test
    void capacityOfAFinishedAgentIsFree() {
        Assignment big =
                Assignments.of("a").requests(Assignments.amounts(1500, 1)).assignment();
        Assignment other =
                Assignments.of("b").requests(Assignments.amounts(600, 1)).assignment();
        node.run(big);
        node.awaitPhase(ID, AssignmentPhase.Running);
        node.machine.exit(ID, 0);
        node.awaitPhase(ID, AssignmentPhase.Succeeded);

        node.run(big, other);

        node.awaitPhase(other.id(), AssignmentPhase.Running);
    }
}
