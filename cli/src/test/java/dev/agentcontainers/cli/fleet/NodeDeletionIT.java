package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.Api;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * An AgentNode is deleted while an agent runs on it: nothing gets stuck, and when the machine is reset nothing is left on
 * it.
 */
@Tag("cluster")
@Tag("node")
class NodeDeletionIT {
    /** A node that says nothing counts as dead when its Lease has expired. */
    private static final Duration PATIENCE = Duration.ofSeconds(150);

    private TestFleet fleet;
    private String namespace;
    private AgentContainer running;
    private ProcessHandle agent;

    @BeforeEach
    void up() throws IOException {
        fleet = TestFleet.start();
        fleet.furnish();
        fleet.createFurnished("stranded", "trap \"exit 0\" TERM; echo ran; sleep 1000 & wait", "");
        running = fleet.await("stranded", AgentPhase.Running);
        agent = fleet.processOf(running);
        namespace = fleet.client()
                .resources(AgentNode.class)
                .withName(fleet.nodeName())
                .get()
                .getStatus()
                .namespace();
    }

    @AfterEach
    void downLeavesNothing() throws IOException {
        if (fleet != null) {
            fleet.close();
        }
    }

    private void deleteNode() {
        fleet.client().resources(AgentNode.class).withName(fleet.nodeName()).delete();
    }

    /** Nothing is awaited of a node agent that is dead but that its Lease runs out, which it does soon. */
    private void shortenLease() {
        fleet.client()
                .leases()
                .inNamespace(namespace)
                .withName(Api.NODE_POLICY_NAME)
                .edit(lease -> new LeaseBuilder(lease)
                        .editSpec()
                        .withLeaseDurationSeconds(2)
                        .endSpec()
                        .build());
    }

    private void awaitItsEnd() {
        await("the AgentNode is gone")
                .atMost(PATIENCE)
                .until(() -> fleet.client()
                                .resources(AgentNode.class)
                                .withName(fleet.nodeName())
                                .get()
                        == null);
        await("the node's namespace is gone")
                .atMost(PATIENCE)
                .until(() -> fleet.client().namespaces().withName(namespace).get() == null);
        assertThat(fleet.client()
                        .resources(AgentAssignment.class)
                        .inAnyNamespace()
                        .list()
                        .getItems())
                .isEmpty();
    }

    /** Whose agents they are decides when they end. */
    @Test
    void aLivingNodeGoesWithItsLastAgent() {
        deleteNode();
        await("the node says what it waits for")
                .until(
                        () -> fleet
                                .client()
                                .resources(AgentNode.class)
                                .withName(fleet.nodeName())
                                .get()
                                .getStatus()
                                .conditions()
                                .stream()
                                .anyMatch(
                                        condition -> condition.getMessage().equals("Waits until 1 agent(s) are gone")));
        assertThat(agent.isAlive()).isTrue();

        fleet.delete("stranded");
        awaitItsEnd();
        assertThat(agent.isAlive()).isFalse();
    }

    @Test
    void aDeadNodesAgentsStayFencedUntilTheMachineIsReset() {
        ProcessHandle nodeAgent = fleet.nodeAgent().find().orElseThrow();
        nodeAgent.destroyForcibly();
        nodeAgent.onExit().join();
        shortenLease();

        deleteNode();
        awaitItsEnd();

        assertThat(agent.isAlive()).isTrue();
        fleet.await("stranded", AgentPhase.Failed);
        fleet.delete("stranded");
    }
}
