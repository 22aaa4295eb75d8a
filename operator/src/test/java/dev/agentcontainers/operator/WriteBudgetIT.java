package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an agent costs the API server, counted in its audit log, and what a leader remembers of its predecessors. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class WriteBudgetIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void anAgentAloneOnANewNodeCostsFiveWritesUntilItRuns() throws Exception {
        TestCluster cluster = TestCluster.get();
        KubernetesClient client = cluster.admin();
        try (OperatorProcess operator = OperatorProcess.start(cluster, "budget");
                TestNode node = TestNode.join(cluster, "budget", Map.of("cpu", "4", "memory", "4Gi"))) {
            String namespace = cluster.newNamespace();
            AgentContainer agent = Agents.create(client, namespace, "alone", Agents.SMALL);
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, agent, "Ready").equals("True"));

            List<Write> writes = cluster.audit().writesSince(0).stream()
                    .filter(write -> isFor(agent, node, write))
                    .toList();

            assertThat(operator.isAlive()).isTrue();
            assertThat(writes)
                    .as("writes of operator and node from creation to Running")
                    .hasSizeLessThanOrEqualTo(5)
                    .anyMatch(write -> isCreation("agentnodepolicies", write))
                    .anyMatch(write -> isCreation("agentassignments", write));
            cluster.clear();
        }
    }

    /** Writes by operator and node agent to the agent, its assignment and its node's policies; the node runs nothing else. */
    private static boolean isFor(AgentContainer agent, TestNode node, Write write) {
        String name = agent.getMetadata().getName();
        boolean ofAgent = write.namespace().equals(agent.getMetadata().getNamespace())
                && write.name().equals(name);
        boolean ofAssignment = write.name().equals(agent.getMetadata().getUid());
        boolean ofNode = write.namespace().equals(node.namespace())
                && (write.resource().equals("agentnodepolicies")
                        || (isCreation("agentassignments", write) && write.code() == 201));
        return write.user().startsWith("system:serviceaccount:") && (ofAgent || ofAssignment || ofNode);
    }

    private static boolean isCreation(String resource, Write write) {
        return write.verb().equals("create") && write.resource().equals(resource);
    }

    @Test
    void aLeaderAfterTheLeaseWasLostHasAHigherEpochThanAnyNodeKnows() {
        TestCluster cluster = TestCluster.get();
        KubernetesClient client = cluster.admin();
        try (TestNodeInThePast past = new TestNodeInThePast(cluster)) {
            client.leases().inNamespace(TestCluster.SYSTEM_NAMESPACE).delete();
            try (OperatorProcess operator = OperatorProcess.start(cluster, "epoch-second")) {
                await().atMost(SOON).until(operator::leads);

                assertThat(operator.epoch()).isGreaterThan(past.epoch());
                AgentContainer agent = Agents.create(client, cluster.newNamespace(), "later", Agents.SMALL);
                await().atMost(SOON)
                        .until(() -> Agents.truth(client, agent, "Ready").equals("True"));
                assertThat(operator.isAlive()).isTrue();
                cluster.clear();
            }
        }
    }

    /** A node that was told an epoch by a leader that is no more. */
    private static final class TestNodeInThePast implements AutoCloseable {
        private final TestNode node;
        private final long epoch;

        TestNodeInThePast(TestCluster cluster) {
            try (OperatorProcess first = OperatorProcess.start(cluster, "epoch-first")) {
                node = TestNode.join(cluster, "epoch", Map.of("cpu", "4", "memory", "4Gi"));
                AgentContainer agent = Agents.create(cluster.admin(), cluster.newNamespace(), "earlier", Agents.SMALL);
                await().atMost(SOON)
                        .until(() ->
                                Agents.truth(cluster.admin(), agent, "Ready").equals("True"));
                epoch = first.epoch();
            }
        }

        long epoch() {
            return epoch;
        }

        @Override
        public void close() {
            node.close();
        }
    }
}
