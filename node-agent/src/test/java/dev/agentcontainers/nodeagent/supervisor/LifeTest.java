package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.fence.NetworkRates;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.supervisor.AgentReport.Run;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of an agent that runs: restarts, deadline, changes, deletion, adoption, reboot. */
class LifeTest {
    private static final SandboxId ID = new SandboxId("a");

    @TempDir
    private Path folder;

    private TestNode node;

    @BeforeEach
    void up() {
        node = new TestNode(folder).up().policy(1, 5, TestNode.GROUP, "group-b");
    }

    @AfterEach
    void close() {
        node.close();
        assertThat(node.machine.violations()).isEmpty();
    }

    private void running(Assignments what) {
        node.run(what.assignment());
        node.awaitPhase(ID, AssignmentPhase.Running);
    }

    private void awaitStarts(int starts) {
        await().atMost(TestNode.PATIENCE).until(() -> node.machine.starts(ID) == starts);
        node.awaitPhase(ID, AssignmentPhase.Running);
    }

    @Test
    void restartsComeLaterEachTimeAndAreCounted() {
        running(Assignments.of("a").restart(RestartPolicy.Always));
        for (int restart = 1; restart <= 3; restart++) {
            node.machine.exit(ID, restart);
            AgentReport waiting = node.awaitReason(ID, "BackOff");
            assertThat(waiting.exitCode()).hasValue(restart);
            assertThat(waiting.address()).isEmpty();
            node.pass(RestartDelay.after(restart).minusSeconds(1));
            assertThat(node.machine.starts(ID)).isEqualTo(restart);
            node.pass(Duration.ofSeconds(1));
            awaitStarts(restart + 1);
            assertThat(node.latest(ID).orElseThrow().restarts()).isEqualTo(restart);
        }
    }

    /** What runs is not stopped for it, and its files would be lost on another node. */
    @Test
    void whatRunsGoesOnWhereItsDriverTurnsOutToBeWeakAndIsNotBegunAgain() {
        running(Assignments.of("a").restart(RestartPolicy.Always).level(IsolationLevel.UserspaceKernel));
        node.machine.countsAs(IsolationLevel.Container);
        node.pass(Duration.ofMinutes(1));
        assertThat(node.machine.state(ID)).isInstanceOf(SandboxState.Running.class);

        node.machine.exit(ID, 1);
        node.awaitReason(ID, "BackOff");
        node.pass(Duration.ofMinutes(1));
        AgentReport refused = node.awaitReason(ID, "IsolationTooWeak");
        assertThat(refused.phase()).isEqualTo(AssignmentPhase.Preparing);
        assertThat(refused.message()).isEqualTo("it counts as Container");
        assertThat(node.machine.starts(ID)).isEqualTo(1);

        node.machine.countsAs(IsolationLevel.UserspaceKernel);
        node.pass(Duration.ofMinutes(1));
        awaitStarts(2);
    }

    /** What is over is told of a run until the next one begins, and by whichever process; never as if the next one had used it. */
    @Test
    void aReportSaysWhichRunWhatIsUsedIsOf() {
        Assignments again = Assignments.of("a").restart(RestartPolicy.OnFailure);
        running(again);
        Run first = node.latest(ID).flatMap(AgentReport::run).orElseThrow();
        assertThat(first).isInstanceOf(Run.Going.class);
        node.pass(Duration.ofSeconds(3));
        node.machine.exit(ID, 1);
        RunUse use = ended(node.awaitReason(ID, "BackOff"));
        assertThat(use.startedAt()).isEqualTo(((Run.Going) first).startedAt());
        assertThat(use.endedAt()).isEqualTo(use.startedAt().plusSeconds(3));
        assertThat(use.cpuNanos()).hasValue(2_000_000);

        node.pass(Duration.ofSeconds(10));
        awaitStarts(2);
        assertThat(node.latest(ID).flatMap(AgentReport::run))
                .hasValueSatisfying(
                        run -> assertThat(run).isInstanceOf(Run.Going.class).isNotEqualTo(first));
        node.crash();
        node.machine.exit(ID, 0);
        node.up().run(again.assignment());
        use = ended(node.awaitPhase(ID, AssignmentPhase.Succeeded));
        assertThat(use.cpuNanos()).hasValue(1_000_000);
        node.crash();
        node.forgetReports();
        node.up().run(again.assignment());
        assertThat(ended(node.awaitPhase(ID, AssignmentPhase.Succeeded))).isEqualTo(use);
    }

    private static RunUse ended(AgentReport report) {
        return ((Run.Ended) report.run().orElseThrow()).use();
    }

    @Test
    void aRunThatVanishedUsedNobodyKnowsWhat() {
        running(Assignments.of("a"));
        node.reboot();
        node.up().run(Assignments.of("a").assignment());
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).run()).isEmpty();
    }

    @Test
    void aRestartIsStillDueAfterARestartOfTheNodeAgent() {
        Assignments always = Assignments.of("a").restart(RestartPolicy.Always);
        running(always);
        node.machine.exit(ID, 1);
        node.awaitReason(ID, "BackOff");
        node.crash();
        node.clock.advance(Duration.ofSeconds(11));
        node.forgetReports();

        node.up().run(always.assignment());

        awaitStarts(2);
        assertThat(node.latest(ID).orElseThrow().restarts()).isEqualTo(1);
    }

    @Test
    void failedStartsDoNotDelayLaterRestarts() {
        node.calls().fail("create", new SandboxException(Step.CREATE, Kind.TRANSIENT, "no"));
        Assignments always = Assignments.of("a").restart(RestartPolicy.Always);
        node.run(always.assignment());
        node.awaitReason(ID, "CreateFailed");
        node.pass(Duration.ofSeconds(2));
        node.calls().heal();
        node.pass(Duration.ofSeconds(4));
        node.awaitPhase(ID, AssignmentPhase.Running);

        node.machine.exit(ID, 1);
        node.awaitReason(ID, "BackOff");
        node.pass(Duration.ofSeconds(10));

        awaitStarts(2);
    }

    @Test
    void theDeadlineCountsFromTheFirstStartWhateverRestarts() {
        Assignments limited = Assignments.of("a").deadline(Duration.ofMinutes(10));
        running(limited);
        node.pass(Duration.ofMinutes(6));
        node.crash();
        node.clock.advance(Duration.ofMinutes(3));
        node.up().run(limited.assignment());
        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.happened()).doesNotContain("terminate");

        node.pass(Duration.ofMinutes(1));

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Failed);
        assertThat(report.reason()).isEqualTo("DeadlineExceeded");
        assertThat(report.exitCode()).hasValue(143);
        assertThat(node.machine.hasRuns()).isFalse();
    }

    @Test
    void theDeadlineEndsTheWaitForARestartToo() {
        running(Assignments.of("a").restart(RestartPolicy.Always).deadline(Duration.ofSeconds(5)));
        node.machine.exit(ID, 1);
        node.awaitReason(ID, "BackOff");

        node.pass(Duration.ofSeconds(5));

        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).reason()).isEqualTo("DeadlineExceeded");
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void aDeadlineThatIsAddedCounts() {
        running(Assignments.of("a"));
        node.pass(Duration.ofMinutes(2));
        node.run(Assignments.of("a").newer().deadline(Duration.ofMinutes(1)).assignment());
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).reason()).isEqualTo("DeadlineExceeded");
    }

    @Test
    void exitAndDeadlineAreSeenThoughTheFenceFails() {
        running(Assignments.of("a"));
        node.calls().fail("attach", new SandboxException(Step.FENCE, Kind.TRANSIENT, "kernel says no"));
        node.policy(2, 5, TestNode.GROUP);
        AgentReport trouble = node.awaitReason(ID, "FenceFailed");
        assertThat(trouble.phase()).isEqualTo(AssignmentPhase.Running);
        assertThat(trouble.enforcement()).as("not known to be in force").isEmpty();

        node.machine.exit(ID, 0);

        node.awaitPhase(ID, AssignmentPhase.Succeeded);
    }

    @Test
    void anotherGroupIsReportedOnlyOnceItIsInForce() {
        running(Assignments.of("a"));

        node.run(Assignments.of("a").newer().group("group-b").assignment());

        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID)
                        .orElseThrow()
                        .enforcement()
                        .equals(java.util.Optional.of(new AgentReport.Enforcement("group-b", "hash-group-b-1", 1))));
        assertThat(node.latest(ID).orElseThrow().assignment().generation()).isEqualTo(2);
        assertThat(node.machine.attachments())
                .hasEntrySatisfying(ID, attached -> assertThat(attached.group()).isEqualTo("group-b"));
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    /** Too short for a report that it runs, or while no node agent was there: what fenced it is known all the same. */
    @Test
    void theReportOfAnEndSaysWhatFencedTheRun() {
        node.calls().after("start", () -> node.machine.exit(ID, 0));

        node.run(Assignments.of("a").assignment());

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Succeeded);
        assertThat(report.enforcement())
                .hasValue(new AgentReport.Enforcement(TestNode.GROUP, "hash-" + TestNode.GROUP + "-1", 1));
        assertThat(report.address()).as("another agent may have it by now").isEmpty();
    }

    @Test
    void theReportOfAnEndSaysWhatFencedTheRunLast() {
        running(Assignments.of("a"));
        node.policy(2, 5, TestNode.GROUP);
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID)
                        .flatMap(AgentReport::enforcement)
                        .filter(now -> now.revision() == 2)
                        .isPresent());
        node.crash();
        node.machine.exit(ID, 0);

        node.up();

        assertThat(node.run(Assignments.of("a").assignment())
                        .awaitPhase(ID, AssignmentPhase.Succeeded)
                        .enforcement())
                .hasValue(new AgentReport.Enforcement(TestNode.GROUP, "hash-" + TestNode.GROUP + "-2", 2));
    }

    /** What can't be charged to budgets for now comes and goes within a revision. */
    @Test
    void whatIsInForceOfARevisionIsReportedEachTimeThatItIsAnother() {
        running(Assignments.of("a"));
        String whole = "hash-" + TestNode.GROUP + "-1";
        for (String held : List.of("hash-without-budgets", whole, "hash-without-budgets", whole)) {
            node.policy(1, 5, Map.of(TestNode.GROUP, held));
            await().atMost(TestNode.PATIENCE)
                    .until(() -> node.latest(ID)
                            .flatMap(AgentReport::enforcement)
                            .filter(new AgentReport.Enforcement(TestNode.GROUP, held, 1)::equals)
                            .isPresent());
        }
    }

    /** It would be a write for each agent of the node whenever another one comes. */
    @Test
    void aRevisionThatChangesNothingForAnAgentIsNotReported() {
        running(Assignments.of("a"));
        List<AgentReport> before = node.reports();
        long attached = attachments();

        node.policy(2, 5, Map.of(TestNode.GROUP, "hash-" + TestNode.GROUP + "-1", "newcomer", "hash-newcomer"));

        await().atMost(TestNode.PATIENCE).until(() -> attachments() > attached);
        node.remove(Assignments.of("a").assignment());
        node.awaitPhase(ID, AssignmentPhase.Stopped);
        assertThat(node.reports().subList(before.size(), node.reports().size()))
                .extracting(AgentReport::phase)
                .doesNotContain(AssignmentPhase.Running);
    }

    private long attachments() {
        return node.calls().made().stream().filter("attach"::equals).count();
    }

    @Test
    void aGroupThatIsMissingIsNotPretended() {
        running(Assignments.of("a"));
        node.run(Assignments.of("a").newer().group("group-c").assignment());
        AgentReport report = node.awaitReason(ID, "FenceFailed");
        assertThat(report.enforcement()).isEmpty();
        assertThat(node.machine.isRunning(ID)).isTrue();

        node.policy(2, 5, TestNode.GROUP, "group-c");

        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID)
                        .orElseThrow()
                        .enforcement()
                        .filter(policy -> policy.hash().equals("hash-group-c-2"))
                        .isPresent());
    }

    @Test
    void changedLimitsAreApplied() {
        running(Assignments.of("a"));
        node.run(Assignments.of("a")
                .newer()
                .limits(Assignments.amounts(500, 1 << 25))
                .assignment());
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().assignment().generation() == 2);
        assertThat(node.machine.spec(ID).orElseThrow().limits()).isEqualTo(Assignments.amounts(500, 1 << 25));
        assertThat(node.machine.happened()).containsOnlyOnce("update");
    }

    private static ResourceAmounts rates(long egress, long ingress) {
        return new ResourceAmounts(
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.of(egress),
                OptionalLong.of(ingress));
    }

    @Test
    void ratesOfTheNetworkAreTheFencesFromTheStartAndWhenTheyChange() {
        running(Assignments.of("a").limits(rates(1 << 20, 2 << 20)));
        assertThat(node.machine.rates(ID)).contains(NetworkRates.of(rates(1 << 20, 2 << 20)));
        Assignments changed = Assignments.of("a").newer().limits(rates(3 << 20, 4 << 20));
        node.run(changed.assignment());
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().assignment().generation() == 2);
        assertThat(node.machine.rates(ID)).contains(NetworkRates.of(rates(3 << 20, 4 << 20)));
        assertThat(node.machine.starts(ID)).isEqualTo(1);

        node.crash();
        node.forgetReports();
        node.up(new Calls()).run(changed.assignment());
        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.rates(ID)).contains(NetworkRates.of(rates(3 << 20, 4 << 20)));
    }

    /** What can't be had leaves all of it as it was. */
    @Test
    void ratesStayAsTheyWereWhereTheDriverRefusesWhatCameWithThem() {
        running(Assignments.of("a").limits(rates(1 << 20, 1 << 20)));
        node.calls().fail("update", new SandboxException(Step.OBSERVE, Kind.UNSUPPORTED, "spec.resources: fixed"));
        node.run(Assignments.of("a").newer().limits(rates(9 << 20, 9 << 20)).assignment());
        node.awaitReason(ID, "UpdateRefused");
        assertThat(node.machine.rates(ID)).contains(NetworkRates.of(rates(1 << 20, 1 << 20)));
    }

    @Test
    void ratesThatTheFenceDoesNotTakeAreNotReportedAsApplied() {
        running(Assignments.of("a"));
        node.calls().fail("attach", new SandboxException(Step.FENCE, Kind.TRANSIENT, NetworkRates.EGRESS_FIELD));
        node.run(Assignments.of("a").newer().limits(rates(1 << 20, 1 << 20)).assignment());
        AgentReport report = node.awaitReason(ID, "FenceFailed");
        assertThat(report.message()).contains(NetworkRates.EGRESS_FIELD);
        assertThat(node.machine.rates(ID)).contains(NetworkRates.NONE);
        node.calls().heal();
        node.pass(Duration.ofMinutes(5));
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.machine.rates(ID).equals(Optional.of(NetworkRates.of(rates(1 << 20, 1 << 20)))));
    }

    @Test
    void limitsThatTheDriverRefusesAreNotReportedAsApplied() {
        running(Assignments.of("a"));
        node.calls().fail("update", new SandboxException(Step.OBSERVE, Kind.UNSUPPORTED, "spec.resources: fixed"));
        Assignments changed = Assignments.of("a").newer().limits(Assignments.amounts(500, 1));
        node.run(changed.assignment());
        AgentReport refused = node.awaitReason(ID, "UpdateRefused");
        assertThat(refused.phase()).isEqualTo(AssignmentPhase.Running);
        assertThat(refused.assignment().generation()).isEqualTo(1);
        node.crash();
        node.forgetReports();

        Calls calls = new Calls();
        calls.fail("update", new SandboxException(Step.OBSERVE, Kind.UNSUPPORTED, "spec.resources: fixed"));
        node.up(calls).run(changed.assignment());

        assertThat(node.awaitReason(ID, "UpdateRefused").assignment().generation())
                .isEqualTo(1);
    }

    @Test
    void moreThanThereIsCannotBeRequestedLater() {
        running(Assignments.of("a"));
        node.run(Assignments.of("a")
                .newer()
                .requests(Assignments.amounts(3000, 1))
                .assignment());
        assertThat(node.awaitReason(ID, "UpdateRefused").message()).contains("3000 asked for, 2000 free of 2000");
    }

    @Test
    void aDeletedAgentIsAskedThenKilled() {
        node.machine.makeStubborn(ID);
        Assignments patient = Assignments.of("a").grace(Duration.ofMillis(50));
        running(patient);

        node.remove(patient.assignment());

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Stopped);
        assertThat(report.exitCode()).hasValue(137);
        assertThat(node.machine.happened()).containsSubsequence("terminate", "kill", "remove", "detach", "purge");
        assertThat(node.machine.isEmpty()).isTrue();
        assertThat(node.known()).isEmpty();
    }

    @Test
    void aBrokenWaitShortensNoGracePeriod() {
        node.machine.makeStubborn(ID);
        Assignments patient = Assignments.of("a").grace(Duration.ofMillis(1200));
        running(patient);
        node.remove(patient.assignment());
        await().atMost(TestNode.PATIENCE).until(() -> node.machine.happened().contains("terminate"));

        node.machine.breakWaits();

        assertThat(node.awaitPhase(ID, AssignmentPhase.Stopped).exitCode()).hasValue(137);
        assertThat(node.machine.happened()).containsSubsequence("terminate", "kill", "remove");
    }

    @Test
    void theGracePeriodDoesNotBeginAnewWithANewProcess() {
        node.machine.makeStubborn(ID);
        Assignments patient = Assignments.of("a").grace(Duration.ofHours(1));
        running(patient);
        node.remove(patient.assignment());
        await().atMost(TestNode.PATIENCE).until(() -> node.machine.happened().contains("terminate"));
        assertThat(node.machine.happened()).doesNotContain("kill");
        node.crash();
        node.clock.advance(Duration.ofHours(1));

        node.up();

        assertThat(node.awaitPhase(ID, AssignmentPhase.Stopped).exitCode()).hasValue(137);
        assertThat(node.machine.happened()).containsSubsequence("terminate", "kill", "remove");
    }

    @Test
    void whatIsNotInASuccessfulListIsRemoved() {
        running(Assignments.of("a"));
        node.run();
        node.awaitPhase(ID, AssignmentPhase.Stopped);
        assertThat(node.machine.isEmpty()).isTrue();
    }

    @Test
    void aDeletionOfWhatNeverWasHereIsReportedAsStopped() {
        node.remove(Assignments.of("a").assignment());
        node.awaitPhase(ID, AssignmentPhase.Stopped);
    }

    @Test
    void aFailedRemovalIsTriedAgain() {
        running(Assignments.of("a"));
        node.calls().fail("purge", new SandboxException(Step.REMOVE, Kind.TRANSIENT, "busy"));
        node.remove(Assignments.of("a").assignment());
        node.awaitReason(ID, "RemoveFailed");
        node.calls().heal();
        node.pass(Duration.ofSeconds(1));
        node.awaitPhase(ID, AssignmentPhase.Stopped);
        assertThat(node.machine.isEmpty()).isTrue();
    }

    @Test
    void closingStopsNoAgent() {
        running(Assignments.of("a"));
        node.close();
        assertThat(node.machine.isRunning(ID)).isTrue();
        assertThat(node.machine.attachments()).containsOnlyKeys(ID);
    }

    @Test
    void anExitWhileNobodyWatchedIsReportedWithItsCode() {
        Assignments never = Assignments.of("a");
        running(never);
        node.crash();
        node.machine.exit(ID, 42);
        java.time.Instant finished = node.clock.instant();
        node.clock.advance(Duration.ofHours(1));

        node.up();

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Failed);
        assertThat(report.exitCode()).hasValue(42);
        assertThat(report.milestones().finished()).hasValue(finished);
    }

    @Test
    void anAgentIsAdoptedWithoutTheApiServerAndWithItsSecrets() {
        node.secrets.put("s", Map.of("k", new byte[] {1}));
        Assignments needy = Assignments.of("a").secret("s", "k");
        running(needy);
        node.crash();
        node.loseApiServer();
        node.forgetReports();

        node.up();

        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(report.reason()).isEqualTo("Running");
        assertThat(node.machine.starts(ID)).isEqualTo(1);
        assertThat(node.machine.happened()).doesNotContain("update", "terminate", "kill", "remove");
    }

    @Test
    void aRunningAgentSurvivesTheLossOfTheJournal() {
        running(Assignments.of("a").epoch(5));
        node.policy(2, 9, TestNode.GROUP);
        node.crash();
        new dev.agentcontainers.nodeagent.journal.DiskJournal(folder).delete(ID);
        node.forgetReports();

        node.up().run(Assignments.of("a").epoch(5).assignment());

        node.awaitPhase(ID, AssignmentPhase.Running);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void leftoversThatNothingKnowsGoOnlyAfterASuccessfulList() {
        running(Assignments.of("a"));
        node.crash();
        new dev.agentcontainers.nodeagent.journal.DiskJournal(folder).delete(ID);
        node.up();
        assertThat(node.machine.isRunning(ID)).isTrue();

        node.run();

        assertThat(node.machine.isEmpty()).isTrue();
    }

    @Test
    void afterARebootAnAgentIsStartedAgainWithoutTheApiServer() {
        running(Assignments.of("a").restart(RestartPolicy.Always));
        node.loseApiServer();
        node.reboot();
        node.forgetReports();

        node.up();
        node.awaitReason(ID, "BackOff");
        node.pass(Duration.ofSeconds(10));

        awaitStarts(2);
        assertThat(node.machine.attachments()).containsOnlyKeys(ID);
    }

    @Test
    void afterARebootAnAgentWithSecretsWaitsForTheApiServer() {
        node.secrets.put("s", Map.of("k", new byte[] {1}));
        running(Assignments.of("a").restart(RestartPolicy.Always).secret("s", "k"));
        node.loseApiServer();
        node.reboot();
        node.up();
        node.awaitReason(ID, "BackOff");
        node.pass(Duration.ofSeconds(10));
        assertThat(node.awaitReason(ID, "ResolveFailed").message()).isEqualTo("the API server can't be reached");
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void afterARebootAnAgentThatRunsOnceIsNotStartedAgain() {
        running(Assignments.of("a"));
        node.reboot();
        node.up();
        AgentReport report = node.awaitPhase(ID, AssignmentPhase.Failed);
        assertThat(report.reason()).isEqualTo("MachineRestarted");
        node.pass(Duration.ofHours(1));
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void aRunThatBrokeIsNotRepeatedWhereItRunsOnce() {
        running(Assignments.of("a"));
        node.crash();
        node.machine.breakRun(ID);
        node.up();
        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).reason()).isEqualTo("RunLost");
        assertThat(node.machine.hasRuns()).isFalse();
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void everyStageHasItsTime() {
        running(Assignments.of("a"));
        assertThat(node.latest(ID).orElseThrow().milestones().started()).isPresent();
        assertThat(node.latest(ID).orElseThrow().milestones().prepared()).isPresent();
        assertThat(node.latest(ID).orElseThrow().milestones().fenced()).isPresent();
        node.machine.exit(ID, 0);
        assertThat(node.awaitPhase(ID, AssignmentPhase.Succeeded).milestones().finished())
                .isPresent();
    }
}
