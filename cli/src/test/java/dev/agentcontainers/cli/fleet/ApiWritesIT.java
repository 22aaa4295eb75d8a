package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.audit.AuditLog;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What operator and node agent together write for an agent, counted from the API server's audit log. */
@Tag("cluster")
@Tag("node")
class ApiWritesIT {
    private static final int MOST = 5;
    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        fleet = TestFleet.start(ControlPlaneOptions.defaults().withAuditLog());
    }

    @AfterAll
    static void down() throws Exception {
        if (fleet != null) {
            fleet.close();
        }
    }

    @Test
    void atMostFiveFromCreationToRunningWithAPolicyGroupOfItsOwn() throws IOException {
        AuditLog log = new AuditLog(fleet.controlPlane().auditLog().orElseThrow());
        long position = log.position();
        AgentContainer agent = fleet.create("counted", "sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 0}");
        fleet.await("counted", AgentPhase.Running);
        // What is written only after Running is a write for it as well.
        await().pollDelay(Duration.ofSeconds(3)).until(() -> true);

        List<Write> writes = log.writesSince(position).stream()
                .filter(write -> write.byOperator() || write.byNodeAgent())
                .filter(write -> !write.isUpkeep() && !write.isEventOrCopy())
                .toList();

        assertThat(writes).hasSizeLessThanOrEqualTo(MOST);
        // It would hold as well if the log had been read wrongly.
        assertThat(writes)
                .as("the binding, the assignment, the node's report")
                .anySatisfy(write -> assertThat(write)
                        .returns(true, Write::byOperator)
                        .returns("agentcontainers", Write::resource)
                        .returns(agent.getMetadata().getName(), Write::name))
                .anySatisfy(write ->
                        assertThat(write).returns("create", Write::verb).returns("agentassignments", Write::resource))
                .anySatisfy(write -> assertThat(write)
                        .returns(true, Write::byNodeAgent)
                        .returns("agentassignments", Write::resource)
                        .returns("status", Write::subresource));
        fleet.delete("counted");
    }
}
