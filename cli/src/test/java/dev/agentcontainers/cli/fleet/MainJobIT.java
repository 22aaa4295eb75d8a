package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import io.fabric8.kubernetes.api.model.Condition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From apply to a fenced, running, finished and deleted agent; the operator and the node agent die on the way. */
@Tag("cluster")
@Tag("node")
class MainJobIT {
    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start();
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (fleet != null) {
            fleet.close();
        }
    }

    @Test
    void anAgentRunsBehindItsFenceFinishesAndIsDeleted() {
        fleet.create("runs", "echo hello; sleep 5; exit 0", "");
        AgentContainer running = fleet.await("runs", AgentPhase.Running);
        assertThat(condition(running, "PolicyEnforced").getStatus()).isEqualTo("True");
        assertThat(condition(running, "Ready").getStatus()).isEqualTo("True");
        assertThat(running.getStatus().policy().hash()).isNotEmpty();
        assertThat(running.getStatus().addresses()).hasSize(1);
        AgentContainer done = fleet.await("runs", AgentPhase.Succeeded);
        assertThat(done.getStatus().exitCode()).isZero();
        assertThat(fleet.output("runs")).isEqualTo("hello");
        fleet.delete("runs");
    }

    @Test
    void aFailedAgentShowsItsExitCodeAndIsStalled() {
        fleet.create("fails", "exit 7", "");
        AgentContainer failed = fleet.await("fails", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(7);
        assertThat(condition(failed, "Stalled").getStatus()).isEqualTo("True");
        assertThat(condition(failed, "Ready").getStatus()).isEqualTo("False");
        fleet.delete("fails");
    }

    @Test
    void aRunningAgentThatIsDeletedIsStopped() {
        fleet.create("deleted", "sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 1}");
        fleet.await("deleted", AgentPhase.Running);
        fleet.delete("deleted");
    }

    @Test
    void theDeadlineStopsTheAgent() {
        fleet.create("late", "sleep 1000", "lifecycle: {deadlineSeconds: 2, terminationGracePeriodSeconds: 0}");
        AgentContainer failed = fleet.await("late", AgentPhase.Failed);
        assertThat(condition(failed, "Stalled").getReason()).isEqualTo("DeadlineExceeded");
        fleet.delete("late");
    }

    @Test
    void anAgentThatEndsWhileTheNodeAgentIsDeadIsReportedWithItsExitCodeAndOutput() {
        fleet.create("orphan", "echo before; sleep 4; echo after; exit 9", "");
        fleet.await("orphan", AgentPhase.Running);
        fleet.nodeAgent().find().orElseThrow().destroyForcibly();
        org.awaitility.Awaitility.await().until(() -> fleet.nodeAgent().find().isEmpty());
        fleet.fleet().up(1, true);
        AgentContainer failed = fleet.await("orphan", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(9);
        assertThat(failed.getStatus().restarts()).isIn(null, 0);
        assertThat(fleet.output("orphan")).isEqualTo("before\nafter");
        fleet.delete("orphan");
    }

    private static Condition condition(AgentContainer agent, String type) {
        return agent.getStatus().conditions().stream()
                .filter(condition -> condition.getType().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no condition " + type + " in " + agent.getStatus()));
    }
}
