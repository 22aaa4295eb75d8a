package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.driver.KeptFiles;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of an agent that is suspended, and of one that is resumed. */
class SuspendedTest {
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

    private AgentReport suspended(Assignments what) {
        node.run(what.suspended(true).assignment());
        return node.awaitPhase(ID, AssignmentPhase.Suspended);
    }

    @Test
    void itIsStoppedAndItsRunRemovedAndItsFilesStay() {
        running(Assignments.of("a"));

        AgentReport report = suspended(Assignments.of("a").newer());

        assertThat(report.exitCode()).hasValue(143);
        assertThat(report.address()).isEmpty();
        assertThat(report.enforcement()).isEmpty();
        assertThat(report.restarts()).isZero();
        assertThat(report.assignment().generation()).isEqualTo(2);
        assertThat(node.machine.hasRuns()).isFalse();
        assertThat(node.machine.attachments()).isEmpty();
        assertThat(node.machine.happened())
                .containsSubsequence("terminate", "remove", "detach")
                .doesNotContain("purge");
    }

    @Test
    void resumedItBeginsAnewWhateverItsRestartPolicy() {
        running(Assignments.of("a").restart(RestartPolicy.Never));
        suspended(Assignments.of("a").newer());

        running(Assignments.of("a").newer().newer());

        assertThat(node.machine.starts(ID)).isEqualTo(2);
        assertThat(node.latest(ID).orElseThrow().restarts()).isZero();
        node.machine.exit(ID, 0);
        node.awaitPhase(ID, AssignmentPhase.Succeeded);
    }

    @Test
    void itStaysSoOverRestartsOfTheNodeAgentAndOfTheMachine() {
        Assignments asked = Assignments.of("a").newer().suspended(true);
        running(Assignments.of("a"));
        suspended(asked);
        node.crash();
        node.forgetReports();
        node.up().run(asked.assignment());
        node.awaitPhase(ID, AssignmentPhase.Suspended);
        node.reboot();
        node.forgetReports();
        node.up().run(asked.assignment());
        node.awaitPhase(ID, AssignmentPhase.Suspended);
        assertThat(node.machine.starts(ID)).isEqualTo(1);

        node.policy(2, 5, TestNode.GROUP);
        running(Assignments.of("a").newer().newer());
        assertThat(node.machine.starts(ID)).isEqualTo(2);
    }

    @Test
    void whatIsResumedWhileItStopsIsStartedAgain() {
        node.machine.makeStubborn(ID);
        running(Assignments.of("a").grace(Duration.ofHours(1)));
        node.run(Assignments.of("a")
                .newer()
                .grace(Duration.ofHours(1))
                .suspended(true)
                .assignment());
        assertThat(node.awaitPhase(ID, AssignmentPhase.Running)).isNotNull();
        await().atMost(TestNode.PATIENCE).until(() -> node.machine.happened().contains("terminate"));
        node.crash();
        node.clock.advance(Duration.ofHours(1));

        node.up().run(Assignments.of("a").newer().newer().assignment());

        await().atMost(TestNode.PATIENCE).until(() -> node.machine.starts(ID) == 2);
        node.awaitPhase(ID, AssignmentPhase.Running);
    }

    @Test
    void whileItStopsItIsSaidNotToBeAvailable() {
        node.machine.makeStubborn(ID);
        Assignments patient = Assignments.of("a").grace(Duration.ofHours(1));
        running(patient);
        node.run(patient.newer().suspended(true).assignment());
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().availability().isPresent());
        AgentReport report = node.latest(ID).orElseThrow();
        assertThat(report.phase()).isEqualTo(AssignmentPhase.Running);
        assertThat(report.availability().orElseThrow().reason()).isEqualTo("Suspending");
        assertThat(report.availability().orElseThrow().available()).isFalse();
    }

    @Test
    void itIsNotStartedBeforeItIsResumed() {
        suspended(Assignments.of("a"));
        node.pass(Duration.ofHours(1));
        assertThat(node.machine.starts(ID)).isZero();

        running(Assignments.of("a").newer());
    }

    @Test
    void whatWaitsForARestartWaitsNoLongerAndIsStartedWithoutDelay() {
        running(Assignments.of("a").restart(RestartPolicy.Always));
        node.machine.exit(ID, 1);
        node.awaitReason(ID, "BackOff");
        suspended(Assignments.of("a").restart(RestartPolicy.Always).newer());
        node.pass(Duration.ofHours(1));
        assertThat(node.machine.starts(ID)).isEqualTo(1);

        running(Assignments.of("a").restart(RestartPolicy.Always).newer().newer());

        assertThat(node.machine.starts(ID)).isEqualTo(2);
    }

    @Test
    void theDeadlineCountsAnew() {
        Assignments limited = Assignments.of("a").deadline(Duration.ofMinutes(10));
        running(limited);
        node.pass(Duration.ofMinutes(9));
        suspended(limited.newer());
        node.pass(Duration.ofHours(5));
        node.awaitPhase(ID, AssignmentPhase.Suspended);
        running(limited.newer().newer());
        node.pass(Duration.ofMinutes(9));
        assertThat(node.machine.isRunning(ID)).isTrue();

        node.pass(Duration.ofMinutes(1));

        assertThat(node.awaitPhase(ID, AssignmentPhase.Failed).reason()).isEqualTo("DeadlineExceeded");
    }

    @Test
    void whatIsOverStaysOver() {
        running(Assignments.of("a"));
        node.machine.exit(ID, 3);
        node.awaitPhase(ID, AssignmentPhase.Failed);
        node.run(Assignments.of("a").newer().suspended(true).assignment());
        node.run(Assignments.of("a").newer().newer().assignment());
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().assignment().generation() == 3);
        assertThat(node.latest(ID).orElseThrow().phase()).isEqualTo(AssignmentPhase.Failed);
        assertThat(node.machine.starts(ID)).isEqualTo(1);
    }

    @Test
    void itKeepsItsPlace() {
        running(Assignments.of("a").requests(Assignments.amounts(1500, 1)));
        suspended(Assignments.of("a").requests(Assignments.amounts(1500, 1)).newer());
        node.run(
                Assignments.of("a")
                        .requests(Assignments.amounts(1500, 1))
                        .newer()
                        .suspended(true)
                        .assignment(),
                Assignments.of("b").requests(Assignments.amounts(600, 1)).assignment());
        assertThat(node.awaitPhase(new SandboxId("b"), AssignmentPhase.Rejected).reason())
                .isEqualTo("OutOfCapacity");
    }

    @Test
    void whatItAsksForMeanwhileIsPromisedBeforeItIsStarted() {
        running(Assignments.of("a"));
        suspended(Assignments.of("a").newer());
        Assignments larger = Assignments.of("a").newer().newer().requests(Assignments.amounts(2100, 1));
        node.run(larger.assignment());
        assertThat(node.awaitReason(ID, "OutOfCapacity").message()).contains("2100 asked for, 2000 free of 2000");
        assertThat(node.machine.starts(ID)).isEqualTo(1);
        node.crash();
        node.forgetReports();
        node.up().run(larger.assignment());
        node.awaitReason(ID, "OutOfCapacity");
        assertThat(node.machine.starts(ID))
                .as("after a restart of the node agent")
                .isEqualTo(1);

        running(Assignments.of("a").newer().newer().newer().requests(Assignments.amounts(2000, 1)));
        assertThat(node.machine.starts(ID)).isEqualTo(2);
    }

    @Test
    void itsFilesAreWorkedWithOnlyWhileItRests() throws Exception {
        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        running(Assignments.of("a"));
        assertThatThrownBy(() -> node.supervisor().save(ID, saved))
                .hasMessageContaining("is not suspended on its node");
        suspended(Assignments.of("a").newer());

        await().atMost(TestNode.PATIENCE)
                .ignoreExceptions()
                .until(() -> node.supervisor().save(ID, saved).files() == 1);
        node.supervisor().restore(ID, InputStream.nullInputStream());

        assertThat(saved.toString(StandardCharsets.UTF_8)).isEqualTo("team-a/a");
        assertThat(node.machine.files.specs)
                .allSatisfy(spec -> assertThat(spec.id()).isEqualTo(ID));
        assertThatThrownBy(() -> node.supervisor().save(new SandboxId("b"), saved))
                .hasMessageContaining("is not on this node");
        running(Assignments.of("a").newer().newer());
        assertThatThrownBy(() -> node.supervisor().restore(ID, InputStream.nullInputStream()))
                .hasMessageContaining("is not suspended on its node");
    }

    @Test
    void whoWorksWithItsFilesIsEndedBeforeItRuns() throws Exception {
        suspended(Assignments.of("a"));
        node.machine.files.endless = true;
        FutureTask<KeptFiles.Contents> saving =
                new FutureTask<>(() -> node.supervisor().save(ID, OutputStream.nullOutputStream()));
        Thread.ofPlatform().start(saving);
        node.machine.files.begun.await();
        assertThatThrownBy(() -> node.supervisor().restore(ID, InputStream.nullInputStream()))
                .hasMessageContaining("are being saved or restored already");

        running(Assignments.of("a").newer());

        assertThatThrownBy(saving::get).hasMessageContaining("ended, because the agent is resumed or removed");
        assertThat(node.machine.files.startsAtItsEnd).isZero();
    }

    /** Its disk would be made as large as it asks for. */
    @Test
    void nobodyWorksWithItsFilesBeforeWhatItAsksForIsPromised() {
        running(Assignments.of("a"));
        suspended(Assignments.of("a").newer());
        node.run(Assignments.of("a")
                .newer()
                .newer()
                .suspended(true)
                .requests(Assignments.amounts(2100, 1))
                .assignment());
        await().atMost(TestNode.PATIENCE)
                .until(() -> node.latest(ID).orElseThrow().assignment().generation() == 3);
        assertThatThrownBy(() -> node.supervisor().save(ID, OutputStream.nullOutputStream()))
                .hasMessageContaining("2100 asked for, 2000 free of 2000");
    }

    @Test
    void deletedItIsGone() {
        running(Assignments.of("a"));
        suspended(Assignments.of("a").newer());
        node.remove(Assignments.of("a").newer().suspended(true).assignment());
        node.awaitPhase(ID, AssignmentPhase.Stopped);
        assertThat(node.machine.isEmpty()).isTrue();
        assertThat(node.known()).isEmpty();
    }
}
