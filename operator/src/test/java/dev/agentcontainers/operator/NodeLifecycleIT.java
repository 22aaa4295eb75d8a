package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Nodes that join, fall silent, come back and are removed, in every order with their agents. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class NodeLifecycleIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Map<String, String> LARGE = Map.of("cpu", "4", "memory", "4Gi", "agents", "100");

    private static TestCluster cluster;
    private static KubernetesClient client;
    private static OperatorProcess operator;

    @BeforeAll
    static void start() {
        cluster = TestCluster.get();
        client = cluster.admin();
        operator = OperatorProcess.start(cluster, "node-lifecycle");
    }

    @AfterAll
    static void stop() {
        cluster.clear();
        operator.close();
    }

    @Test
    void aSilentNodeIsNotReadyAndItsAgentsAreUnknown() {
        try (TestNode node = TestNode.join(cluster, "silent", LARGE)) {
            AgentContainer agent = runningOn(node);
            node.die();
            await().atMost(SOON).until(() -> node.ready().equals("Unknown"));
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, agent, "Ready").equals("Unknown"));
            assertThat(Agents.read(client, agent).getStatus().phase()).isEqualTo(AgentPhase.Running);
            node.revive();
            await().atMost(SOON).until(() -> node.ready().equals("True"));
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, agent, "Ready").equals("True"));
            remove(agent);
            removeNode(node);
        }
    }

    @Test
    void aLiveNodeGoesAfterItsAgents() {
        try (TestNode node = TestNode.join(cluster, "leaving", LARGE)) {
            AgentContainer agent = runningOn(node);
            client.resources(AgentNode.class).withName(node.name()).delete();
            await().atMost(SOON).until(() -> node.ready().equals("False"));
            assertThat(Agents.read(client, agent).getStatus().phase()).isEqualTo(AgentPhase.Running);
            client.resource(agent).delete();
            await().atMost(SOON).until(() -> Agents.read(client, agent) == null);
            awaitNodeGone(node);
        }
    }

    @Test
    void aLostNodeThatIsRemovedHoldsNothingBack() {
        try (TestNode node = TestNode.join(cluster, "lost", LARGE)) {
            AgentContainer deleted = runningOn(node);
            AgentContainer kept = runningOn(node);
            node.die();
            await().atMost(SOON).until(() -> node.ready().equals("Unknown"));
            client.resource(deleted).delete();
            client.resources(AgentNode.class).withName(node.name()).delete();
            await().atMost(SOON).until(() -> Agents.read(client, deleted) == null);
            awaitNodeGone(node);
            await().atMost(SOON)
                    .until(() -> Agents.read(client, kept).getStatus().phase() == AgentPhase.Failed);
            assertThat(Agents.condition(Agents.read(client, kept), "Ready")
                            .orElseThrow()
                            .getReason())
                    .isIn("NodeRemoved", "AssignmentLost");
            client.resource(kept).delete();
            await().atMost(SOON).until(() -> Agents.read(client, kept) == null);
        }
    }

    @Test
    void theNamespaceOfAnAgentCanBeDeletedAsAWhole() {
        try (TestNode node = TestNode.join(cluster, "namespace", LARGE)) {
            AgentContainer agent = runningOn(node);
            String namespace = agent.getMetadata().getNamespace();
            client.namespaces().withName(namespace).delete();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> client.namespaces().withName(namespace).get() == null);
            removeNode(node);
        }
    }

    @Test
    void theNamespaceOfANodeComesBackWhenItIsDeleted() {
        try (TestNode node = TestNode.join(cluster, "renewed", LARGE)) {
            AgentContainer agent = runningOn(node);
            String uid = client.namespaces()
                    .withName(node.namespace())
                    .get()
                    .getMetadata()
                    .getUid();
            client.namespaces().withName(node.namespace()).delete();
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                var namespace = client.namespaces().withName(node.namespace()).get();
                return namespace != null && !namespace.getMetadata().getUid().equals(uid);
            });
            remove(agent);
            client.resources(AgentNode.class).withName(node.name()).delete();
            awaitNodeGone(node);
        }
    }

    @Test
    void nodesGetAddressesThatDoNotOverlap() {
        try (TestNode first = TestNode.join(cluster, "addresses-a", LARGE);
                TestNode second = TestNode.join(cluster, "addresses-b", LARGE)) {
            assertThat(cidr(first)).matches("100\\.\\d+\\.\\d+\\.0/22").isNotEqualTo(cidr(second));
            removeNode(first);
            removeNode(second);
        }
    }

    @Test
    void aNodesCredentialReachesNothingOfOthers() {
        try (TestNode own = TestNode.join(cluster, "credential-own", LARGE);
                TestNode other = TestNode.join(cluster, "credential-other", LARGE)) {
            String user = cluster.newNamespace();
            KubernetesClient node = own.client();
            forbidden(() -> node.resources(AgentAssignment.class)
                    .inNamespace(other.namespace())
                    .list());
            forbidden(
                    () -> node.resources(AgentAssignment.class).inAnyNamespace().list());
            forbidden(() -> node.resources(AgentNodePolicy.class)
                    .inNamespace(other.namespace())
                    .list());
            forbidden(() -> node.secrets().inNamespace(other.namespace()).list());
            forbidden(() -> node.secrets().inNamespace(user).list());
            forbidden(() -> node.secrets().inAnyNamespace().list());
            forbidden(() -> node.configMaps().inNamespace(user).withName("any").get());
            forbidden(
                    () -> node.resources(AgentContainer.class).inNamespace(user).list());
            forbidden(() -> node.resources(AgentNode.class).list());
            forbidden(
                    () -> node.resources(AgentNode.class).withName(other.name()).get());
            forbidden(() -> readByPatch(node, other.name()));
            assertThat(readByPatch(node, own.name()).getStatus().namespace())
                    .as("its own")
                    .isEqualTo(own.namespace());
            forbidden(() -> node.namespaces().list());
            forbidden(() -> node.nodes().list());
            forbidden(() -> node.leases()
                    .inNamespace(other.namespace())
                    .withName("node")
                    .get());
            forbidden(() -> node.pods().inNamespace(user).list());
            forbidden(() -> node.serviceAccounts()
                    .inNamespace(other.namespace())
                    .withName("node-agent")
                    .tokenRequest());
            forbidden(() -> node.rbac().clusterRoles().list());
            forbidden(() ->
                    node.rbac().roleBindings().inNamespace(own.namespace()).list());
            forbidden(() -> node.resources(AgentAssignment.class)
                    .inNamespace(own.namespace())
                    .delete());
            forbidden(() -> node.resources(AgentNode.class)
                    .withName(own.name())
                    .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"unschedulable\":true}}"));
            forbidden(() -> node.resources(AgentNode.class)
                    .withName(other.name())
                    .subresource("status")
                    .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"status\":{\"kernelVersion\":\"x\"}}"));
            removeNode(own);
            removeNode(other);
        }
    }

    /** As node agents read their AgentNode. */
    private static AgentNode readByPatch(KubernetesClient client, String name) {
        AgentNode named = new AgentNode();
        named.setMetadata(new ObjectMetaBuilder().withName(name).build());
        return client.resource(named).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), "{}");
    }

    private static void forbidden(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        refused -> assertThat(refused.getCode()).isIn(403, 422));
    }

    private static AgentContainer runningOn(TestNode node) {
        client.resources(AgentNode.class).withName(node.name()).edit(present -> {
            present.getMetadata().setLabels(Map.of("only", node.name()));
            return present;
        });
        AgentContainer agent = Agents.create(
                client,
                cluster.newNamespace(),
                "agent",
                Agents.SMALL + "placement: {nodeSelector: {only: %s}}\n".formatted(node.name()));
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        return agent;
    }

    private static void remove(AgentContainer agent) {
        client.resource(agent).delete();
        await().atMost(SOON).until(() -> Agents.read(client, agent) == null);
    }

    private static void removeNode(TestNode node) {
        client.resources(AgentNode.class).withName(node.name()).delete();
        awaitNodeGone(node);
    }

    private static void awaitNodeGone(TestNode node) {
        await().atMost(Duration.ofSeconds(60))
                .until(() ->
                        client.resources(AgentNode.class).withName(node.name()).get() == null);
        assertThat(client.namespaces().withName(node.namespace()).get()).isNull();
        assertThat(client.rbac()
                        .clusterRoleBindings()
                        .withName("agentcontainers-node-agent:" + node.name())
                        .get())
                .isNull();
    }

    private static String cidr(TestNode node) {
        return client.resources(AgentNode.class)
                .withName(node.name())
                .get()
                .getSpec()
                .agentCIDR();
    }
}
