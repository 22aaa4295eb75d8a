package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.audit.AuditLog;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What operator and node agent together write for an agent, counted from the API server's audit log. */
@Tag("cluster")
@Tag("node")
class ApiWritesIT {
    private static final int MOST = 5;
    private static final int AGENTS = 5;
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
    void atMostFiveFromCreationToRunningWithAPolicyGroupOfItsOwn() {
        // The median: in one of them may fall the acknowledgement of new groups, which comes twice a minute at most.
        List<Write> writes = IntStream.range(0, AGENTS)
                .mapToObj(number -> writesFor("counted-" + number))
                .sorted(Comparator.comparingInt(List::size))
                .toList()
                .get(AGENTS / 2);

        assertThat(writes).hasSizeLessThanOrEqualTo(MOST);
        // It would hold as well if the log had been read wrongly.
        assertThat(writes)
                .as("the binding, the assignment, the group's rules, the node's report")
                .anySatisfy(write ->
                        assertThat(write).returns(true, Write::byOperator).returns("agentcontainers", Write::resource))
                .anySatisfy(write ->
                        assertThat(write).returns("create", Write::verb).returns("agentassignments", Write::resource))
                .anySatisfy(write -> assertThat(write)
                        .returns(true, Write::byOperator)
                        .returns("agentnodepolicies", Write::resource))
                .anySatisfy(write -> assertThat(write)
                        .returns(true, Write::byNodeAgent)
                        .returns("agentassignments", Write::resource)
                        .returns("status", Write::subresource));
    }

    @Test
    void anotherGroupsRulesCostRunningAgentsNoWrite() {
        writesFor("running");
        String assignment = fleet.get("running").getMetadata().getUid();

        List<Write> writes = writesFor("newcomer");

        assertThat(writes)
                .as("the newcomer's group is new to the node")
                .anySatisfy(write -> assertThat(write).returns("agentnodepolicies", Write::resource));
        assertThat(writes).extracting(Write::name).doesNotContain("running", assignment);
    }

    /** From its creation until a while after it is Running: what is only written then is a write for it as well. */
    private static List<Write> writesFor(String name) {
        AuditLog log = new AuditLog(fleet.controlPlane().auditLog().orElseThrow());
        try {
            long position = log.position();
            fleet.create(name, "sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 0}");
            fleet.await(name, AgentPhase.Running);
            await().pollDelay(Duration.ofSeconds(3)).until(() -> true);
            return log.writesSince(position).stream()
                    .filter(write -> write.byOperator() || write.byNodeAgent())
                    .filter(write -> !write.isUpkeep() && !write.isEventOrCopy())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
