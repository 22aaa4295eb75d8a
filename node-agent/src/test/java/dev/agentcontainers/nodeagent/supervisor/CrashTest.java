package dev.agentcontainers.nodeagent.supervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The node agent dies before and after every call to driver, fence and journal, in the course of a start, an exit and a
 * deletion: the one that comes after it reaches the same end, without a duplicate and without a leak.
 */
class CrashTest {
    private static final Assignment ASSIGNMENT = Assignments.of("a").assignment();
    private static final Assignment SUSPENDED =
            Assignments.of("a").newer().suspended(true).assignment();
    private static final SandboxId ID = ASSIGNMENT.id();
    private static final Optional<Integer> TERMINATED = Optional.of(143);
    private static Optional<Thread.UncaughtExceptionHandler> before = Optional.empty();

    @TempDir
    private Path folder;

    @BeforeAll
    static void crashQuietly() {
        before = Optional.ofNullable(Thread.getDefaultUncaughtExceptionHandler());
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> {
            if (!(problem instanceof Calls.Crash)) {
                problem.printStackTrace();
            }
        });
    }

    @AfterAll
    static void crashLoudlyAgain() {
        Thread.setDefaultUncaughtExceptionHandler(before.orElse(null));
    }

    @Test
    void aStartThatIsCutAnywhereEndsWithOneRunningFencedAgent() throws IOException {
        int points =
                everyPoint(node -> {}, node -> node.run(ASSIGNMENT), this::isRunning, (node, where, remembered) -> {
                    node.run(ASSIGNMENT);
                    node.awaitPhase(ID, AssignmentPhase.Running);
                    assertThat(node.machine.starts(ID)).as(where).isEqualTo(1);
                    assertThat(node.machine.isRunning(ID)).as(where).isTrue();
                    assertThat(node.machine.attachments()).as(where).containsOnlyKeys(ID);
                });
        assertThat(points).isGreaterThanOrEqualTo(10);
    }

    @Test
    void anExitThatIsCutAnywhereIsReportedWithItsCode() throws IOException {
        int points = everyPoint(
                node -> {
                    node.run(ASSIGNMENT);
                    node.awaitPhase(ID, AssignmentPhase.Running);
                },
                node -> node.machine.exit(ID, 3),
                node -> node.latest(ID)
                        .filter(report -> report.phase() == AssignmentPhase.Failed)
                        .isPresent(),
                (node, where, remembered) -> {
                    node.run(ASSIGNMENT);
                    AgentReport report = node.awaitPhase(ID, AssignmentPhase.Failed);
                    assertThat(report.exitCode()).as(where).hasValue(3);
                    assertThat(report.reason()).as(where).isEqualTo("NonZeroExit");
                    assertThat(node.machine.starts(ID)).as(where).isEqualTo(1);
                    assertThat(node.machine.hasRuns()).as(where).isFalse();
                });
        assertThat(points).isGreaterThanOrEqualTo(3);
    }

    @Test
    void aSuspensionThatIsCutAnywhereLeavesItsFilesAndNothingThatRuns() throws IOException {
        int points = everyPoint(
                node -> {
                    node.run(ASSIGNMENT);
                    node.awaitPhase(ID, AssignmentPhase.Running);
                },
                node -> node.run(SUSPENDED),
                node -> node.latest(ID)
                        .filter(report -> report.phase() == AssignmentPhase.Suspended)
                        .isPresent(),
                (node, where, remembered) -> {
                    node.run(SUSPENDED);
                    AgentReport report = node.awaitPhase(ID, AssignmentPhase.Suspended);
                    assertThat(report.exitCode()).as(where).isEqualTo(TERMINATED);
                    assertThat(node.machine.hasRuns()).as(where).isFalse();
                    assertThat(node.machine.attachments()).as(where).isEmpty();
                    assertThat(node.machine.starts(ID)).as(where).isEqualTo(1);
                });
        assertThat(points).isGreaterThanOrEqualTo(8);
    }

    @Test
    void aDeletionThatIsCutAnywhereLeavesNothing() throws IOException {
        int points = everyPoint(
                node -> {
                    node.run(ASSIGNMENT);
                    node.awaitPhase(ID, AssignmentPhase.Running);
                },
                node -> node.remove(ASSIGNMENT),
                node -> node.latest(ID)
                        .filter(report -> report.phase() == AssignmentPhase.Stopped)
                        .isPresent(),
                (node, where, remembered) -> {
                    node.remove(ASSIGNMENT);
                    AgentReport report = node.awaitPhase(ID, AssignmentPhase.Stopped);
                    // What is forgotten is told by the last report before.
                    assertThat(report.exitCode()).as(where).isEqualTo(remembered ? TERMINATED : Optional.empty());
                    assertThat(node.machine.isEmpty()).as(where).isTrue();
                    assertThat(node.known()).as(where).isEmpty();
                    assertThat(node.machine.starts(ID)).as(where).isEqualTo(1);
                });
        assertThat(points).isGreaterThanOrEqualTo(8);
    }

    @Test
    void aDeletionThatWasBegunIsFinishedWithoutTheApiServer() {
        try (TestNode node = new TestNode(folder)) {
            node.up().policy(1, 5, TestNode.GROUP).run(ASSIGNMENT);
            node.awaitPhase(ID, AssignmentPhase.Running);
            node.calls().crashAt(new Calls.Point(indexOfNext(node, "terminate"), true));
            node.remove(ASSIGNMENT);
            await().dontCatchUncaughtExceptions().atMost(TestNode.PATIENCE).until(node.calls()::isDead);
            node.crash();

            node.up();

            node.awaitPhase(ID, AssignmentPhase.Stopped);
            assertThat(node.machine.isEmpty()).isTrue();
        }
    }

    /** The calls of a deletion of a running agent: note that it is deleted, state, terminate. */
    private static int indexOfNext(TestNode node, String call) {
        List<String> ofDeletion = List.of("journal.write", "state", "terminate");
        return node.calls().made().size() + ofDeletion.indexOf(call);
    }

    private boolean isRunning(TestNode node) {
        return node.latest(ID)
                .filter(report -> report.phase() == AssignmentPhase.Running)
                .isPresent();
    }

    private interface Check {
        void that(TestNode node, String where, boolean remembered);
    }

    private interface Done {
        boolean is(TestNode node);
    }

    /** Cuts the action at one point more each time, until it completes without having been cut. */
    private int everyPoint(Consumer<TestNode> setUp, Consumer<TestNode> action, Done done, Check check)
            throws IOException {
        for (int offset = 0; ; offset++) {
            boolean cut = cutAt(offset, false, setUp, action, done, check);
            cutAt(offset, true, setUp, action, done, check);
            if (!cut) {
                return offset;
            }
        }
    }

    private boolean cutAt(
            int offset, boolean after, Consumer<TestNode> setUp, Consumer<TestNode> action, Done done, Check check)
            throws IOException {
        try (TestNode node = new TestNode(Files.createTempDirectory(folder, "journal"))) {
            node.up().policy(1, 5, TestNode.GROUP);
            setUp.accept(node);
            // The first sync looks for leftovers, on this thread; not part of what is cut.
            int first = quiet(node);
            node.calls().crashAt(new Calls.Point(first + offset, after));
            try {
                action.accept(node);
            } catch (Calls.Crash e) {
                // On the thread that told it what to do.
            }
            await().dontCatchUncaughtExceptions()
                    .atMost(TestNode.PATIENCE)
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> node.calls().isDead() || done.is(node));
            boolean cut = node.calls().isDead();
            String where = "crash " + (after ? "after" : "before") + " call " + offset + " of "
                    + node.calls().made().subList(first, node.calls().made().size());
            node.crash();
            node.forgetReports();
            boolean remembered = node.known().contains(ID);
            node.up();
            check.that(node, where, remembered);
            assertThat(node.machine.violations()).as(where).isEmpty();
            return cut;
        }
    }

    /** The number of the next call, once there are no more for now. */
    private static int quiet(TestNode node) {
        int[] last = {-1};
        await().dontCatchUncaughtExceptions()
                .atMost(TestNode.PATIENCE)
                .pollInterval(Duration.ofMillis(3))
                .until(() -> {
                    int now = node.calls().made().size();
                    boolean same = now == last[0];
                    last[0] = now;
                    return same;
                });
        return last[0];
    }
}
