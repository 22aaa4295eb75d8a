package dev.agentcontainers.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.operator.testing.Agents;
import dev.agentcontainers.operator.testing.OperatorProcess;
import dev.agentcontainers.operator.testing.OperatorReport;
import dev.agentcontainers.operator.testing.TestCluster;
import dev.agentcontainers.operator.testing.TestNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One agent from apply to its end, with the operator as it is shipped and a node that answers. */
@Tag("cluster")
@ExtendWith(OperatorReport.class)
class AgentLifecycleIT {
    private static final Duration SOON = Duration.ofSeconds(45);

    private static TestCluster cluster;
    private static KubernetesClient client;
    private static OperatorProcess operator;
    private static TestNode node;

    @BeforeAll
    static void start() {
        cluster = TestCluster.get();
        client = cluster.admin();
        operator = OperatorProcess.start(cluster, "lifecycle");
        node = TestNode.join(
                cluster,
                "lifecycle-a",
                Map.of("cpu", "4", "memory", "4Gi", "ephemeral-storage", "8Gi", "agents", "100"));
    }

    @AfterAll
    static void stop() {
        cluster.clear();
        node.close();
        operator.close();
    }

    @Test
    void runsAndReports() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.create(client, namespace, "plain", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));

        AgentContainer running = Agents.read(client, agent);
        assertThat(running.getStatus().phase()).isEqualTo(AgentPhase.Running);
        assertThat(running.getStatus().nodeName()).isEqualTo(node.name());
        assertThat(running.getStatus().isolation().effective()).isEqualTo("process");
        assertThat(running.getStatus().observedGeneration())
                .isEqualTo(running.getMetadata().getGeneration());
        assertThat(Agents.condition(running, "PolicyEnforced").orElseThrow().getStatus())
                .isEqualTo("True");
        assertThat(Agents.condition(running, "Reconciling")).isEmpty();
    }

    @Test
    void finishesWithTheExitCode() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.create(client, namespace, "finite", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        String uid = agent.getMetadata().getUid();
        String version = Agents.read(client, agent).getMetadata().getResourceVersion();
        for (long look = 1; look <= 3; look++) {
            AgentContainerStatus.Usage usage = usage(look * 10);
            node.report(uid, assignment -> TestNode.using(node.running(assignment), usage));
        }
        await("what it uses costs no writes")
                .during(Duration.ofSeconds(2))
                .atMost(SOON)
                .until(() -> Agents.read(client, agent)
                        .getMetadata()
                        .getResourceVersion()
                        .equals(version));
        node.report(uid, assignment -> TestNode.using(node.finished(assignment, 3), usage(40)));
        await().atMost(SOON).until(() -> Agents.read(client, agent).getStatus().phase() == AgentPhase.Failed);
        AgentContainer failed = Agents.read(client, agent);
        assertThat(failed.getStatus().exitCode()).isEqualTo(3);
        assertThat(failed.getStatus().usage()).isEqualTo(usage(40));
        assertThat(Agents.condition(failed, "Stalled").orElseThrow().getReason())
                .isEqualTo("ExitCode");
        assertThat(Agents.condition(failed, "Ready").orElseThrow().getStatus()).isEqualTo("False");
    }

    private static AgentContainerStatus.Usage usage(long second) {
        return new AgentContainerStatus.Usage(
                "2026-11-24T00:00:00.000000Z",
                "2026-11-24T00:00:%02d.000000Z".formatted(second),
                second * 1000,
                null,
                60L << 20,
                null,
                10L << 20,
                0L);
    }

    @Test
    void deletionWaitsForTheNode() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.create(client, namespace, "short", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        client.resource(agent).delete();
        await().atMost(SOON).until(() -> Agents.read(client, agent) == null);
    }

    @Test
    void waitsForASecretAndSaysWhich() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.create(
                client,
                namespace,
                "secretive",
                Agents.SMALL
                        + "env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: value}}}]\n"
                        + "filesystem: {mounts: [{path: /opt/code, access: ReadOnly, source: {configMap: {name: code}}}]}\n");
        await().atMost(SOON)
                .until(() -> Agents.condition(Agents.read(client, agent), "Ready")
                        .filter(ready -> "ReferenceNotFound".equals(ready.getReason()))
                        .isPresent());
        assertThat(Agents.condition(Agents.read(client, agent), "Ready")
                        .orElseThrow()
                        .getMessage())
                .isEqualTo("spec.env[0].valueFrom.secretKeyRef: there is no Secret token in namespace " + namespace);

        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("token")
                        .withNamespace(namespace)
                        .endMetadata()
                        .addToStringData("value", "s3cret")
                        .build())
                .create();
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("code")
                        .withNamespace(namespace)
                        .endMetadata()
                        .addToData("main.py", "print()")
                        .build())
                .create();
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));

        AgentAssignment assignment = node.client()
                .resources(AgentAssignment.class)
                .inNamespace(node.namespace())
                .withName(agent.getMetadata().getUid())
                .get();
        String secretCopy =
                assignment.getSpec().env().getFirst().valueFrom().secretKeyRef().name();
        String mapCopy =
                assignment.getSpec().mounts().getFirst().source().configMap().name();
        assertThat(secretCopy).startsWith("s-");
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(node.client()
                            .secrets()
                            .inNamespace(node.namespace())
                            .withName(secretCopy)
                            .get()
                            .getData())
                    .containsEntry("value", "czNjcmV0");
            assertThat(node.client()
                            .configMaps()
                            .inNamespace(node.namespace())
                            .withName(mapCopy)
                            .get()
                            .getData())
                    .containsEntry("main.py", "print()");
        });

        client.resource(agent).delete();
        await().atMost(SOON).until(() -> Agents.read(client, agent) == null);
        await().atMost(SOON)
                .until(() -> client.secrets()
                                .inNamespace(node.namespace())
                                .withName(secretCopy)
                                .get()
                        == null);
    }

    @Test
    void aNetworkPolicyChangesTheRulesetOfTheAgentsThatItSelects() {
        String namespace = cluster.newNamespace();
        AgentContainer selected = Agents.create(client, namespace, "selected", Agents.SMALL);
        AgentContainer other = Agents.create(client, namespace, "other", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, selected, "Ready").equals("True"));
        await().atMost(SOON).until(() -> Agents.truth(client, other, "Ready").equals("True"));
        String before = Agents.read(client, selected).getStatus().policy().hash();
        String othersVersion = Agents.read(client, other).getMetadata().getResourceVersion();

        client.resource(new NetworkPolicyBuilder()
                        .withNewMetadata()
                        .withName("allow-lan")
                        .withNamespace(namespace)
                        .endMetadata()
                        .withNewSpec()
                        .withNewPodSelector()
                        .addToMatchLabels("app", "selected")
                        .endPodSelector()
                        .withPolicyTypes("Egress")
                        .addNewEgress()
                        .addNewTo()
                        .withNewIpBlock()
                        .withCidr("10.20.0.0/16")
                        .endIpBlock()
                        .endTo()
                        .endEgress()
                        .endSpec()
                        .build())
                .create();

        await().atMost(SOON)
                .until(() -> !Agents.read(client, selected)
                        .getStatus()
                        .policy()
                        .hash()
                        .equals(before));
        AgentContainer after = Agents.read(client, selected);
        assertThat(Agents.condition(after, "PolicyEnforced").orElseThrow().getStatus())
                .isEqualTo("True");
        assertThat(after.getStatus().policy().sources()).containsExactly("NetworkPolicy/allow-lan");
        assertThat(Agents.read(client, other).getMetadata().getResourceVersion())
                .as("the other agent wasn't touched")
                .isEqualTo(othersVersion);
    }

    @Test
    void aLabelMovesTheAgentToAnotherPolicyGroup() {
        AgentContainer agent = Agents.create(client, cluster.newNamespace(), "relabelled", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        String before = assignmentOf(agent).getSpec().policyGroup();
        client.resource(agent)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"labels\":{\"app\":\"changed\"}}}");
        await().atMost(SOON)
                .until(() -> !assignmentOf(agent).getSpec().policyGroup().equals(before));
    }

    @Test
    void metersOfFrameworkAndOperatorAppear() {
        AgentContainer agent = Agents.create(client, cluster.newNamespace(), "measured", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        assertThat(operator.get("/q/metrics"))
                .contains("reconciliations_success_total{controller_name=\"agentcontainer\"")
                .contains("agentcontainers_scheduling_attempts_total{result=\"bound\"}")
                .contains("agentcontainers_scheduling_waiting")
                .contains("agentcontainers_api_writes_total{method=\"PUT\"}")
                .contains("agentcontainers_leader 1.0")
                .doesNotContain("resource_name=");
    }

    @Test
    void healthSaysWhatEachPartDoes() {
        assertThat(operator.get("/q/health/live"))
                .containsPattern("\"name\": \"binder\",\\s*\"status\": \"UP\"")
                .containsPattern("\"running\": true");
        assertThat(operator.get("/q/health/ready"))
                .containsPattern("\"name\": \"leadership\",\\s*\"status\": \"UP\"")
                .containsPattern("\"state\": \"leading\"")
                .containsPattern("\"epoch\": [1-9]")
                .containsPattern("\"name\": \"caches\",\\s*\"status\": \"UP\"")
                .containsPattern("\"agentnodepolicies\": true");
    }

    @Test
    void kubectlWaitsUntilTheAgentIsReady() throws Exception {
        String namespace = cluster.newNamespace();
        Agents.create(client, namespace, "awaited", Agents.SMALL);
        Process kubectl = new ProcessBuilder(
                        cluster.controlPlane().kubectl().toString(),
                        "--kubeconfig=" + cluster.controlPlane().kubeconfig(),
                        "--namespace=" + namespace,
                        "wait",
                        "--for=condition=Ready",
                        "--timeout=45s",
                        "agentcontainer/awaited")
                .redirectErrorStream(true)
                .start();
        String said = new String(kubectl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(kubectl.waitFor()).as(said).isZero();
        assertThat(said).contains("agentcontainer.agentcontainers.dev/awaited condition met");
    }

    @Test
    void whatTheApiServerRefusesForItsContentIsToldWithTheField() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.parse(namespace, "verbose", Agents.SMALL + """
                env: [{name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}]
                """);
        agent.getMetadata().setAnnotations(Map.of("note", "x".repeat(40_000)));
        client.resource(agent).create();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(Agents.condition(Agents.read(client, agent), "Ready"))
                        .hasValueSatisfying(ready -> {
                            assertThat(ready.getReason()).isEqualTo("AssignmentRefused");
                            assertThat(ready.getMessage()).contains("spec.env[0].value", "32768");
                        }));
        assertThat(Agents.truth(client, agent, "Stalled")).isEqualTo("True");
        awaitEvent(namespace, "verbose", "AssignmentRefused", "spec.env[0].value");

        client.resource(agent)
                .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"annotations\":{\"note\":\"short\"}}}");
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
    }

    @Test
    void aChangeThatTheNodeCannotApplySaysWhy() {
        String namespace = cluster.newNamespace();
        AgentContainer agent = Agents.create(client, namespace, "growing", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        node.behave(assignment -> node.updateRefused(assignment, 1L, "3000m asked for, 2000m free"));
        try {
            client.resource(agent)
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"spec\":{\"resources\":{\"limits\":{\"cpu\":\"3\"}}}}");
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(Agents.condition(Agents.read(client, agent), "Ready"))
                            .hasValueSatisfying(ready -> {
                                assertThat(ready.getReason()).isEqualTo("UpdateRefused");
                                assertThat(ready.getMessage()).contains("3000m asked for, 2000m free");
                            }));
            awaitEvent(namespace, "growing", "UpdateRefused", "2000m free");
        } finally {
            node.behave(node::running);
        }
    }

    @Test
    void anAgentWhoseAgentContainerIsGoneIsStoppedAllTheSame() {
        AgentContainer agent = Agents.create(client, cluster.newNamespace(), "orphan", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        operator.close();
        client.resource(agent).delete();
        client.resource(agent).patch(PatchContext.of(PatchType.JSON_MERGE), "{\"metadata\":{\"finalizers\":null}}");
        assertThat(Agents.read(client, agent)).isNull();
        assertThat(assignmentOf(agent).getMetadata().getDeletionTimestamp()).isNull();

        operator = OperatorProcess.start(cluster, "lifecycle-orphan");
        await().atMost(Duration.ofSeconds(120)).until(operator::leads);
        await().atMost(SOON).until(() -> assignmentOf(agent) == null);
    }

    private static void awaitEvent(String namespace, String name, String reason, String message) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(client.v1()
                                .events()
                                .inNamespace(namespace)
                                .list()
                                .getItems())
                        .anySatisfy(event -> {
                            assertThat(event.getInvolvedObject().getName()).isEqualTo(name);
                            assertThat(event.getReason()).isEqualTo(reason);
                            assertThat(event.getMessage()).contains(message);
                        }));
    }

    @Test
    void aRestartedOperatorWritesNothingAboutWhatIsAsItShouldBe() {
        AgentContainer agent = Agents.create(client, cluster.newNamespace(), "undisturbed", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, agent, "Ready").equals("True"));
        String version = Agents.read(client, agent).getMetadata().getResourceVersion();
        String assignmentVersion = assignmentOf(agent).getMetadata().getResourceVersion();

        operator.close();
        operator = OperatorProcess.start(cluster, "lifecycle-restarted");
        await().atMost(Duration.ofSeconds(120)).until(operator::leads);
        AgentContainer next = Agents.create(client, cluster.newNamespace(), "next", Agents.SMALL);
        await().atMost(SOON).until(() -> Agents.truth(client, next, "Ready").equals("True"));

        assertThat(Agents.read(client, agent).getMetadata().getResourceVersion())
                .isEqualTo(version);
        assertThat(assignmentOf(agent).getMetadata().getResourceVersion()).isEqualTo(assignmentVersion);
    }

    private static AgentAssignment assignmentOf(AgentContainer agent) {
        return client.resources(AgentAssignment.class)
                .inNamespace(node.namespace())
                .withName(agent.getMetadata().getUid())
                .get();
    }
}
