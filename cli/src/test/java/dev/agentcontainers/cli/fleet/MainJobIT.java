package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import java.nio.file.Files;
import java.nio.file.Path;
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
        assertThat(TestFleet.condition(running, "PolicyEnforced").getStatus()).isEqualTo("True");
        assertThat(TestFleet.condition(running, "Ready").getStatus()).isEqualTo("True");
        assertThat(running.getStatus().policy().hash()).isNotEmpty();
        assertThat(running.getStatus().addresses()).hasSize(1);
        AgentContainer done = fleet.await("runs", AgentPhase.Succeeded);
        assertThat(done.getStatus().exitCode()).isZero();
        assertThat(done.getStatus().policy()).isEqualTo(running.getStatus().policy());
        assertThat(TestFleet.condition(done, "PolicyEnforced").getReason()).isEqualTo("EnforcedUntilEnd");
        assertThat(fleet.output("runs")).isEqualTo("hello");
        fleet.delete("runs");
    }

    @Test
    void anAgentThatIsOverAtOnceShowsTheSameTruthAsALongOne() {
        fleet.create("short", "exit 0", "");
        AgentContainer done = fleet.await("short", AgentPhase.Succeeded);
        assertThat(done.getStatus().policy().hash()).isNotEmpty();
        assertThat(done.getStatus().policy().sources()).isNotNull();
        assertThat(TestFleet.condition(done, "PolicyEnforced").getReason()).isEqualTo("EnforcedUntilEnd");
        fleet.delete("short");
    }

    @Test
    void aFailedAgentShowsItsExitCodeAndIsStalled() {
        fleet.create("fails", "exit 7", "");
        AgentContainer failed = fleet.await("fails", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(7);
        assertThat(TestFleet.condition(failed, "Stalled").getStatus()).isEqualTo("True");
        assertThat(TestFleet.condition(failed, "Ready").getStatus()).isEqualTo("False");
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
        assertThat(TestFleet.condition(failed, "Stalled").getReason()).isEqualTo("DeadlineExceeded");
        fleet.delete("late");
    }

    /** Shim and agent must not be in the node agent's control group, nor tied to it in any other way. */
    @Test
    void anAgentOutlivesTheWholeControlGroupOfItsNodeAgentAndIsReportedAsItEnded() throws Exception {
        StartedProgram nodeAgent = StartedProgram.of(fleet.nodeAgent());
        String group = "test-service-" + ProcessHandle.current().pid();
        try (OwnGroups service = OwnGroups.of(group, nodeAgent.running())) {
            fleet.create(
                    "orphan", "echo before; until test -e /workspace/go; do sleep 0.1; done; echo after; exit 9", """
                    filesystem:
                      mounts: [{path: /workspace, access: ReadWrite, source: {workspace: {}}}]
                    """);
            AgentContainer running = fleet.await("orphan", AgentPhase.Running);
            ProcessHandle agent = fleet.processOf(running);
            service.killAll();
            await("the node agent is dead").until(() -> fleet.nodeAgent().find().isEmpty());
            assertThat(agent.isAlive()).isTrue();
            Files.createFile(Path.of("/proc", Long.toString(agent.pid()), "root/workspace/go"));
            await("the agent has ended").until(() -> !agent.isAlive());
        }

        nodeAgent.start();

        AgentContainer failed = fleet.await("orphan", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(9);
        assertThat(failed.getStatus().restarts()).isIn(null, 0);
        assertThat(fleet.output("orphan")).isEqualTo("before\nafter");
        fleet.delete("orphan");
    }

    @Test
    void aRestartedNodeAgentAdoptsTheSameProcessAddressAndFlow() throws Exception {
        StartedProgram nodeAgent = StartedProgram.of(fleet.nodeAgent());
        try (LineService service = LineService.start()) {
            fleet.create(
                    "adopted",
                    "exec bash -c \"exec 3<>/dev/tcp/%s/%d; while read -r line <&3; do echo got \\$line >&3; done\""
                            .formatted(LineService.ADDRESS, LineService.PORT),
                    """
                    network:
                      egress:
                      - name: lines
                        to: [{ipBlock: {cidr: %s/32}}]
                        ports: [{protocol: TCP, port: %d}]
                    """.formatted(LineService.ADDRESS, LineService.PORT));
            LineService.Flow flow = service.accept();
            assertThat(flow.ask("one")).isEqualTo("got one");
            AgentContainer before = fleet.await("adopted", AgentPhase.Running);
            ProcessHandle agent = fleet.processOf(before);

            ProcessHandle killed = nodeAgent.running();
            killed.destroyForcibly();
            killed.onExit().join();
            assertThat(flow.ask("two")).isEqualTo("got two");
            nodeAgent.start();
            fleet.awaitNewHeartbeat();

            assertThat(flow.ask("three")).isEqualTo("got three");
            AgentContainer after = fleet.get("adopted");
            assertThat(after.getStatus()).isEqualTo(before.getStatus());
            assertThat(fleet.processOf(after)).isEqualTo(agent);
            assertThat(TestFleet.condition(after, "PolicyEnforced").getStatus()).isEqualTo("True");
            flow.socket().close();
            assertThat(fleet.await("adopted", AgentPhase.Succeeded).getStatus().restarts())
                    .isIn(null, 0);
            fleet.delete("adopted");
        }
    }
}
