package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.ImagePullSecret;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which node an agent gets, and what is said where there is none. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class PlacementIT {
    private static final String REGISTRIES = "{\"auths\":{\"registry.example.org\":{\"auth\":\"dTpw\"}}}";
    private static final Duration SOON = Duration.ofSeconds(30);

    private static TestCluster cluster;
    private static KubernetesClient client;
    private static OperatorProcess operator;
    private static TestNode first;
    private static TestNode second;

    @BeforeAll
    static void start() {
        cluster = TestCluster.get();
        client = cluster.admin();
        operator = OperatorProcess.start(cluster, "placement");
        first = TestNode.join(cluster, "placement-a", Map.of("cpu", "2", "memory", "2Gi", "agents", "20"));
        second = TestNode.join(cluster, "placement-b", Map.of("cpu", "2", "memory", "2Gi", "agents", "20"));
    }

    @AfterAll
    static void stop() {
        cluster.clear();
        first.close();
        second.close();
        operator.close();
    }

    @Test
    void saysWhyForEachNodeAndPlacesWhenThereIsRoom() {
        String namespace = cluster.newNamespace();
        AgentContainer large = Agents.create(client, namespace, "large", """
                isolation: {className: process}
                command: [sleep, "1"]
                resources: {requests: {memory: 4Gi}}
                """);
        await().atMost(SOON)
                .until(() -> Agents.truth(client, large, "Scheduled").equals("False"));
        Condition scheduled =
                Agents.condition(Agents.read(client, large), "Scheduled").orElseThrow();
        assertThat(scheduled.getReason()).isEqualTo("Unschedulable");
        assertThat(scheduled.getMessage())
                .startsWith(
                        "0/2 nodes are available: 2 node(s) with insufficient memory (placement-a: requests 4Gi, free 2Gi");
        try (TestNode roomy = TestNode.join(cluster, "placement-c", Map.of("cpu", "4", "memory", "8Gi"))) {
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, large, "Ready").equals("True"));
            delete(large);
            client.resources(AgentNode.class).withName(roomy.name()).delete();
            await().atMost(SOON)
                    .until(() -> client.resources(AgentNode.class)
                                    .withName(roomy.name())
                                    .get()
                            == null);
        }
    }

    @Test
    void goesElsewhereWhenTheNodeRefuses() {
        first.behave(assignment -> first.rejected(assignment, "OutOfCapacity"));
        second.behave(assignment -> second.rejected(assignment, "OutOfCapacity"));
        AgentContainer agent = Agents.create(client, cluster.newNamespace(), "refused", Agents.SMALL);
        await().atMost(SOON)
                .until(() -> Agents.truth(client, agent, "Scheduled").equals("False")
                        && Agents.condition(Agents.read(client, agent), "Scheduled")
                                .orElseThrow()
                                .getMessage()
                                .contains("2 node(s) that refused this agent"));
        first.behave(first::running);
        second.behave(second::running);
        try (TestNode third = TestNode.join(cluster, "placement-d", Map.of("cpu", "4", "memory", "8Gi"))) {
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, agent, "Ready").equals("True"));
            assertThat(Agents.read(client, agent).getStatus().nodeName()).isEqualTo(third.name());
            delete(agent);
            client.resources(AgentNode.class).withName(third.name()).delete();
            await().atMost(SOON)
                    .until(() -> client.resources(AgentNode.class)
                                    .withName(third.name())
                                    .get()
                            == null);
        }
    }

    @Test
    void placesImagesWhereADriverRunsThem() {
        String namespace = cluster.newNamespace();
        AgentContainer wrong = Agents.create(client, namespace, "wrong-class", """
                isolation: {className: process}
                image: registry.example.org/team/agent:1.4
                """);
        AgentContainer right = Agents.create(client, namespace, "right-class", """
                isolation: {className: container}
                image: registry.example.org/team/agent:1.4
                imagePullPolicy: IfNotPresent
                imagePullSecrets: [{name: registry}]
                """);
        awaitMessage(
                wrong,
                "0/2 nodes are available: 2 node(s) where IsolationClass process runs the nodes' own programs only, but"
                        + " spec.image is set (placement-a: no class that would do runs images there; placement-b: no"
                        + " class that would do runs images there)");
        awaitMessage(
                right,
                "0/2 nodes are available: 2 node(s) without a ready driver container (placement-a, placement-b)");

        try (TestNode images = TestNode.joinWithImages(cluster, "placement-e", Map.of("cpu", "4", "memory", "8Gi"))) {
            await().atMost(SOON)
                    .until(() -> Agents.truth(client, right, "Ready").equals("False")
                            && Agents.condition(Agents.read(client, right), "Ready")
                                    .orElseThrow()
                                    .getMessage()
                                    .contains("spec.imagePullSecrets[0]: there is no Secret registry in namespace "
                                            + namespace));
            client.resource(new SecretBuilder()
                            .withNewMetadata()
                            .withName("registry")
                            .withNamespace(namespace)
                            .endMetadata()
                            .withType("kubernetes.io/dockerconfigjson")
                            .withStringData(Map.of(ImagePullSecret.KEY, REGISTRIES))
                            .build())
                    .create();
            await().atMost(Duration.ofSeconds(90))
                    .until(() -> Agents.truth(client, right, "Ready").equals("True"));
            AgentContainerStatus status = Agents.read(client, right).getStatus();
            assertThat(status.nodeName()).isEqualTo(images.name());
            assertThat(status.isolation().effective()).isEqualTo("container");
            assertThat(status.imageDigest()).isEqualTo(TestNode.IMAGE_DIGEST);
            AgentAssignment assignment = images.client()
                    .resources(AgentAssignment.class)
                    .inNamespace(images.namespace())
                    .withName(right.getMetadata().getUid())
                    .require();
            AgentAssignmentSpec.Image assigned = assignment.getSpec().image();
            assertThat(assigned.reference()).isEqualTo("registry.example.org/team/agent:1.4");
            assertThat(assigned.pullPolicy()).isEqualTo(ImagePullPolicy.IfNotPresent);
            assertThat(assigned.pullSecrets()).hasSize(1);
            Resource<Secret> copy = images.client()
                    .secrets()
                    .inNamespace(images.namespace())
                    .withName(assigned.pullSecrets().getFirst());
            assertThat(copy.require().getData())
                    .as("the node agent's own credential reads it")
                    .containsEntry(
                            ImagePullSecret.KEY,
                            Base64.getEncoder().encodeToString(REGISTRIES.getBytes(StandardCharsets.UTF_8)));
            assertThat(copy.require().getMetadata().getOwnerReferences())
                    .as("it goes with the assignment")
                    .extracting(OwnerReference::getUid)
                    .containsExactly(assignment.getMetadata().getUid());
            awaitMessage(wrong, "placement-e: use className: container");

            delete(right);
            delete(wrong);
            client.resources(AgentNode.class).withName(images.name()).delete();
            await().atMost(SOON)
                    .until(() -> client.resources(AgentNode.class)
                                    .withName(images.name())
                                    .get()
                            == null);
        }
    }

    private static void awaitMessage(AgentContainer agent, String part) {
        // A message that is there already is only written anew with a later try.
        await().atMost(Duration.ofSeconds(90))
                .untilAsserted(() -> assertThat(Agents.condition(Agents.read(client, agent), "Scheduled"))
                        .hasValueSatisfying(
                                scheduled -> assertThat(scheduled.getMessage()).contains(part)));
    }

    @Test
    void neverExceedsWhatTheNodesHave() {
        String namespace = cluster.newNamespace();
        try (ExecutorService users = Executors.newFixedThreadPool(16)) {
            for (int i = 0; i < 200; i++) {
                String name = "crowd-" + i;
                users.execute(() -> Agents.create(client, namespace, name, Agents.SMALL));
            }
        }
        // 2 processors and 100m each: 20 fit on each node.
        await().atMost(Duration.ofSeconds(90))
                .until(() -> bound(namespace).values().stream()
                                .mapToLong(Long::longValue)
                                .sum()
                        == 40);
        await().during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(bound(namespace).values()).allMatch(count -> count == 20));
        // One at a time: the API server deletes a collection in one request, which a busy machine doesn't end in time.
        client.resources(AgentContainer.class)
                .inNamespace(namespace)
                .list()
                .getItems()
                .forEach(agent -> client.resource(agent).delete());
        await().atMost(Duration.ofMinutes(3))
                .until(() -> client.resources(AgentContainer.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems()
                        .isEmpty());
    }

    private static Map<String, Long> bound(String namespace) {
        return client.resources(AgentContainer.class).inNamespace(namespace).list().getItems().stream()
                .map(agent ->
                        agent.getStatus() == null ? null : agent.getStatus().nodeName())
                .filter(Objects::nonNull)
                .collect(Collectors.groupingBy(node -> node, Collectors.counting()));
    }

    private static void delete(AgentContainer agent) {
        client.resource(agent).delete();
        await().atMost(SOON).until(() -> Agents.read(client, agent) == null);
    }
}
