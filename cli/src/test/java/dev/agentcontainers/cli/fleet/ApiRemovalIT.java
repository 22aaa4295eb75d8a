package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The API is removed while an agent runs, with operator and node agent at work and nothing drained: as {@code kubectl delete
 * -f crds/yaml} does. All objects go at once, in an order that nobody chose.
 */
@Tag("cluster")
@Tag("node")
class ApiRemovalIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);
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
    void theAgentEndsAndNothingHoldsTheApi() throws Exception {
        fleet.furnish();
        // What the node keeps of its policy comes with its first agent and goes with the node.
        fleet.create("first", "exit 0", "");
        fleet.await("first", AgentPhase.Succeeded);
        fleet.delete("first");
        Leftovers before = fleet.leftovers();
        fleet.createFurnished("orphaned", "sleep 1000", "terminationGracePeriodSeconds: 1");
        AgentContainer running = fleet.await("orphaned", AgentPhase.Running);
        ProcessHandle agent = fleet.processOf(running);

        definitions().forEach(definition -> fleet.client().resource(definition).delete());

        await("the API is gone")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(definitions())
                        .extracting(definition -> definition.getMetadata().getName())
                        .isEmpty());
        await("the agent has ended").atMost(PATIENCE).until(() -> !agent.isAlive());
        await("nodes' namespaces are gone")
                .atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(fleet.client().namespaces().list().getItems())
                                .extracting(namespace -> namespace.getMetadata().getName())
                                .noneMatch(name -> name.startsWith("agentnode-")));
        TestFleet.awaitNoMoreThan(before, fleet::leftovers);
    }

    private static List<CustomResourceDefinition> definitions() {
        return fleet.client().resources(CustomResourceDefinition.class).list().getItems().stream()
                .filter(definition -> definition.getSpec().getGroup().equals("agentcontainers.dev"))
                .toList();
    }
}
