package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two operators: one leads, is stopped, and wakes up when the other leads. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class TwoOperatorsIT {
    private static final List<String> QUICK = List.of(
            "agentcontainers.operator.leader.lease-duration=6s",
            "agentcontainers.operator.leader.renew-deadline=4s",
            "agentcontainers.operator.leader.retry-period=1s");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int AGENTS = 60;
    /** A version that is no longer the newest, and a test in a JSON patch that failed. */
    private static final Set<Integer> REFUSED = Set.of(409, 422);

    @Test
    void aLeaderThatWakesUpAfterItsTimePlacesNothingAgain() throws IOException {
        TestCluster cluster = TestCluster.get();
        KubernetesClient client = cluster.admin();
        try (OperatorProcess first = OperatorProcess.start(cluster, "two-first", QUICK)) {
            await().atMost(SOON).until(first::leads);
            try (OperatorProcess second = OperatorProcess.start(cluster, "two-second", QUICK);
                    TestNode one = TestNode.join(cluster, "two-a", Map.of("cpu", "4", "memory", "8Gi"));
                    TestNode other = TestNode.join(cluster, "two-b", Map.of("cpu", "4", "memory", "8Gi"))) {
                String namespace = cluster.newNamespace();
                for (int i = 0; i < AGENTS; i++) {
                    Agents.create(client, namespace, "agent-" + i, Agents.SMALL);
                    if (i == AGENTS / 2) {
                        first.signal("STOP");
                    }
                }
                await().atMost(SOON).until(second::leads);
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(notReady(client, namespace))
                                .as("agents that are not ready")
                                .isEmpty());
                Map<String, String> placed = nodes(client, namespace);
                Instant resumed = Instant.now();
                assertThat(writesOf(cluster, OperatorProcess.userAgent("two-first"), Instant.EPOCH))
                        .as("writes of the first leader in its time")
                        .isNotEmpty();
                first.signal("CONT");
                await().atMost(SOON).until(() -> !first.isAlive());
                assertThat(first.exitCode())
                        .as("exit code of the one that lost")
                        .isNotZero();

                // What was on its way when it was stopped may still arrive: the version that it carries has it refused,
                // or the generation that a spec's patch tests. An Event carries neither, and places nothing.
                assertThat(writesOf(cluster, OperatorProcess.userAgent("two-first"), resumed))
                        .as("writes of the former leader after it woke up")
                        .allMatch(write -> REFUSED.contains(write.code())
                                || (write.verb().equals("create")
                                        && write.resource().equals("events")));
                assertThat(nodes(client, namespace)).isEqualTo(placed);
                Map<String, Long> assignments =
                        client.resources(AgentAssignment.class).inAnyNamespace().list().getItems().stream()
                                .filter(assignment ->
                                        assignment.getSpec().agent().namespace().equals(namespace))
                                .collect(Collectors.groupingBy(
                                        assignment ->
                                                assignment.getSpec().agent().uid(),
                                        Collectors.counting()));
                assertThat(assignments)
                        .hasSize(AGENTS)
                        .allSatisfy((uid, count) -> assertThat(count).isEqualTo(1));
                assertThat(placed.values().stream()
                                .collect(Collectors.groupingBy(node -> node, Collectors.counting()))
                                .values())
                        .allMatch(count -> count <= 40);

                cluster.clear();
            }
        }
    }

    /** The writes of the client with that user agent since then, Leases aside. */
    private static List<Write> writesOf(TestCluster cluster, String userAgent, Instant since) throws IOException {
        return cluster.audit().writesSince(0).stream()
                .filter(write -> write.userAgent().contains(userAgent))
                .filter(write -> !write.resource().equals("leases"))
                .filter(write -> !write.received().isBefore(since))
                .toList();
    }

    /** Each with what its status says. */
    private static Map<String, String> notReady(KubernetesClient client, String namespace) {
        return client.resources(AgentContainer.class).inNamespace(namespace).list().getItems().stream()
                .filter(agent -> Agents.condition(agent, "Ready")
                        .filter(condition -> "True".equals(condition.getStatus()))
                        .isEmpty())
                .collect(Collectors.toMap(
                        agent -> agent.getMetadata().getName(), agent -> String.valueOf(agent.getStatus())));
    }

    private static Map<String, String> nodes(KubernetesClient client, String namespace) {
        return client.resources(AgentContainer.class).inNamespace(namespace).list().getItems().stream()
                .collect(Collectors.toMap(
                        agent -> agent.getMetadata().getName(),
                        agent -> agent.getStatus().nodeName()));
    }
}
