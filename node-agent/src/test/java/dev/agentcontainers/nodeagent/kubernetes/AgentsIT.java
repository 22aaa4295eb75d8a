package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Assignments and policy from a real API server to a fake driver and fence, and back as status. */
@Tag("cluster")
class AgentsIT {
    private final NodeFixture node = new NodeFixture();

    @TempDir
    Path folder;

    private AgentWork work;

    @BeforeEach
    void start() {
        node.join();
        node.adopt("100.80.4.0/22");
        work = new AgentWork(node, folder);
    }

    @AfterEach
    void stop() {
        work.close();
        node.close();
    }

    @Test
    void assignmentRunsAndItsStatusSaysSoInOneWrite() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();

        String name = node.assign();

        awaitPhase(name, AssignmentPhase.Running);
        AgentAssignment assignment = node.assignment(name);
        AgentAssignmentStatus status = assignment.getStatus();
        assertThat(status.observedGeneration())
                .isEqualTo(assignment.getMetadata().getGeneration());
        assertThat(status.agentGeneration()).isEqualTo(Assignments.AGENT_GENERATION);
        assertThat(status.address()).isEqualTo("100.80.4.2");
        assertThat(status.strength()).isEqualTo(IsolationLevel.Process);
        assertThat(status.policy())
                .isEqualTo(new AgentAssignmentStatus.Policy(
                        NodeFixture.GROUP,
                        NodeFixture.HASH,
                        node.policy().getMetadata().getGeneration()));
        assertThat(status.transitions().started()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
        assertThat(work.reporter().writes()).isEqualTo(1);
    }

    @Test
    void deletedAssignmentIsStoppedAndLetGo() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String name = node.assign();
        awaitPhase(name, AssignmentPhase.Running);

        node.deleteAssignment(name);

        awaitPhase(name, AssignmentPhase.Stopped);
        assertThat(work.driver().running()).isEmpty();
        assertThat(work.fence().attachments()).isEmpty();
        assertThat(node.assignment(name).getStatus().address()).isNull();
        node.releaseAssignment(name);
        await().atMost(NodeFixture.PATIENCE).until(() -> work.supervisor().agents() == 0);
    }

    @Test
    void agentThatEndsIsReportedWithItsExitCode() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String name = node.assign();
        awaitPhase(name, AssignmentPhase.Running);

        work.driver().exit(new SandboxId(name), 3);

        awaitPhase(name, AssignmentPhase.Failed);
        AgentAssignmentStatus status = node.assignment(name).getStatus();
        assertThat(status.exitCode()).isEqualTo(3);
        assertThat(status.reason()).isEqualTo("NonZeroExit");
        assertThat(status.address()).isNull();
        assertThat(status.policy().hash()).as("what was in force until the end").isEqualTo(NodeFixture.HASH);
    }

    @Test
    void nothingRunsBeforeItsPolicyIsInForce() {
        work.start();
        String name = node.assign();
        awaitPhase(name, AssignmentPhase.Preparing);
        assertThat(node.assignment(name).getStatus().reason()).isEqualTo("PolicyNotReady");
        assertThat(work.driver().created()).isEmpty();

        node.applyPolicy(1, NodeFixture.HASH);

        awaitPhase(name, AssignmentPhase.Running);
    }

    @Test
    void assignmentOfAnEarlierLeaderIsRejected() {
        node.applyPolicy(Assignments.EPOCH + 1, NodeFixture.HASH);
        work.start();

        String name = node.assign();

        awaitPhase(name, AssignmentPhase.Rejected);
        assertThat(node.assignment(name).getStatus().reason()).isEqualTo("StaleBinding");
    }

    @Test
    void assignmentThatCantBeReadIsRejected() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String uid = UUID.randomUUID().toString();
        AgentAssignment assignment = node.assignment(uid, List.of("true"));
        // What the schema lets through but only the operator can resolve.
        assignment.setSpec(Assignments.spec(
                uid,
                List.of("true"),
                List.of(new EnvironmentVariable(
                        "NAME",
                        null,
                        new EnvironmentVariable.ValueSource(
                                null, null, new EnvironmentVariable.FieldReference("metadata.name")))),
                List.of(),
                Assignments.resources("100m", "1Mi")));
        node.admin.resource(assignment).create();

        awaitPhase(uid, AssignmentPhase.Rejected);
        AgentAssignmentStatus status = node.assignment(uid).getStatus();
        assertThat(status.reason()).isEqualTo("InvalidAssignment");
        assertThat(status.message()).contains("env[NAME].valueFrom");
        node.deleteAssignment(uid);
        awaitPhase(uid, AssignmentPhase.Stopped);
    }

    @Test
    void secretsAndConfigMapsAreReadFromTheNodesNamespace() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String uid = UUID.randomUUID().toString();
        AgentAssignment assignment = node.assignment(uid, List.of("true"));
        assignment.setSpec(Assignments.spec(
                uid,
                List.of("true"),
                List.of(new EnvironmentVariable(
                        "TOKEN",
                        null,
                        new EnvironmentVariable.ValueSource(
                                new EnvironmentVariable.KeyReference("s-copy", "token", null), null, null))),
                List.of(new Filesystem.Mount(
                        "/etc/agent",
                        MountAccess.ReadOnly,
                        Filesystem.Source.from(new Filesystem.ConfigMapSource("c-copy")))),
                Assignments.resources("100m", "1Mi")));
        node.admin.resource(assignment).create();
        awaitPhase(uid, AssignmentPhase.Preparing);
        await().atMost(NodeFixture.PATIENCE)
                .untilAsserted(() ->
                        assertThat(node.assignment(uid).getStatus().message()).contains("TOKEN"));

        node.admin
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(node.namespace)
                        .withName("s-copy")
                        .endMetadata()
                        .withStringData(Map.of("token", "secret-value"))
                        .build())
                .create();
        node.admin
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withNamespace(node.namespace)
                        .withName("c-copy")
                        .endMetadata()
                        .withData(Map.of("agent.conf", "a=b"))
                        .withBinaryData(Map.of("blob", "AAE="))
                        .build())
                .create();

        awaitPhase(uid, AssignmentPhase.Running);
        assertThat(work.driver().created().getFirst().environment()).containsEntry("TOKEN", "secret-value");
        assertThat(work.driver().created().getFirst().mounts()).hasSize(1);
    }

    /** The operator makes copies after the assignment that owns them, in a few milliseconds or a few more. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesThatComeAfterTheAssignmentCostNoFailedStart(boolean optional) throws Exception {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        awaitPolicy(1, NodeFixture.HASH);
        String uid = UUID.randomUUID().toString();
        AgentAssignment assignment = node.assignment(uid, List.of("true"));
        assignment.setSpec(Assignments.spec(
                uid,
                List.of("true"),
                List.of(new EnvironmentVariable(
                        "TOKEN",
                        null,
                        new EnvironmentVariable.ValueSource(
                                new EnvironmentVariable.KeyReference("s-late", "token", optional), null, null))),
                List.of(),
                Assignments.resources("100m", "1Mi")));
        Set<String> reasons = ConcurrentHashMap.newKeySet();
        try (SharedIndexInformer<AgentAssignment> _ = node.admin
                .resources(AgentAssignment.class)
                .inNamespace(node.namespace)
                .inform(new OnChange<>(
                        (_, after) -> Optional.ofNullable(after.getStatus())
                                .map(AgentAssignmentStatus::reason)
                                .map(reasons::add)
                                .orElse(false),
                        () -> {}))) {
            node.admin.resource(assignment).create();
            await().atMost(NodeFixture.PATIENCE).until(() -> work.supervisor().agents() == 1);
            await().during(Duration.ofMillis(300))
                    .atMost(NodeFixture.PATIENCE)
                    .until(() -> work.driver().created().isEmpty());
            node.admin
                    .resource(new SecretBuilder()
                            .withNewMetadata()
                            .withNamespace(node.namespace)
                            .withName("s-late")
                            .endMetadata()
                            .withStringData(Map.of("token", "secret-value"))
                            .build())
                    .create();

            awaitPhase(uid, AssignmentPhase.Running);
        }
        assertThat(work.driver().created().getFirst().environment()).containsEntry("TOKEN", "secret-value");
        assertThat(reasons).doesNotContain("ResolveFailed");
    }

    @Test
    void lossOfItsRightsStopsNoAgent() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String name = node.assign();
        awaitPhase(name, AssignmentPhase.Running);
        node.revoke();

        // A node agent that starts anew now can't list anything either.
        work.restart();
        assertThat(work.assignments().isSynced()).isFalse();
        work.driver().exit(new SandboxId("unknown"), 0);
        await().during(Duration.ofSeconds(3))
                .atMost(NodeFixture.PATIENCE)
                .until(() -> work.driver().running().equals(Set.of(new SandboxId(name))));

        node.restoreRights();

        await().atMost(Duration.ofMinutes(1)).until(() -> work.assignments().isSynced());
        assertThat(work.driver().running()).containsExactly(new SandboxId(name));
        assertThat(work.driver().created()).hasSize(1);
    }

    @Test
    void whatWasDeletedWhileTheNodeAgentWasAwayIsStopped() {
        node.applyPolicy(1, NodeFixture.HASH);
        work.start();
        String deleted = node.assign();
        String vanished = node.assign();
        String kept = node.assign();
        List.of(deleted, vanished, kept).forEach(name -> awaitPhase(name, AssignmentPhase.Running));
        work.end();
        node.deleteAssignment(deleted);
        node.deleteAssignment(vanished);
        node.releaseAssignment(vanished);

        work.restart();

        awaitPhase(deleted, AssignmentPhase.Stopped);
        await().atMost(NodeFixture.PATIENCE).until(() -> work.driver().running().equals(Set.of(new SandboxId(kept))));
        assertThat(work.driver().created()).hasSize(3);
    }

    @Test
    void policyIsAcknowledgedInOneWriteForEachRevision() {
        node.applyPolicy(1, "first");
        work.start();
        awaitPolicy(1, "first");
        String name = node.assign();
        awaitPhase(name, AssignmentPhase.Running);

        node.applyPolicy(1, "second");

        awaitPolicy(2, "second");
        await().atMost(NodeFixture.PATIENCE)
                .until(() -> node.assignment(name)
                        .getStatus()
                        .policy()
                        .equals(new AgentAssignmentStatus.Policy(NodeFixture.GROUP, "second", 2L)));
        assertThat(work.fence().applied()).isEqualTo(2);
    }

    @Test
    void policyThatCantBeAppliedIsToldAndTriedAgain() {
        node.applyPolicy(1, "first");
        work.start();
        awaitPolicy(1, "first");
        work.fence().failToApply(3);

        node.applyPolicy(1, "second");

        await().atMost(NodeFixture.PATIENCE)
                .until(() -> node.policy().getStatus().message() != null);
        assertThat(node.policy().getStatus().observedGeneration()).isEqualTo(1);
        assertThat(node.policy().getStatus().message()).contains("revision 2", "the kernel refuses");
        awaitPolicy(2, "second");
        assertThat(node.policy().getStatus().message()).isNull();
    }

    /** What the kernel holds is what is told, whatever the disk says to it. */
    @Test
    void policyThatCantBeWrittenDownIsToldToBeInForce() throws Exception {
        node.applyPolicy(1, "first");
        work.start();
        awaitPolicy(1, "first");
        Path inTheWay = Files.createDirectory(folder.resolve("policy.json.new"));

        node.applyPolicy(1, "second");

        awaitPolicy(2, "second");
        assertThat(node.policy().getStatus().message())
                .startsWith("revision 2 is in force, but")
                .contains("policy.json.new can't be written");
        Files.delete(inTheWay);
        await().atMost(NodeFixture.PATIENCE)
                .until(() -> node.policy().getStatus().message() == null);
        awaitPolicy(2, "second");
    }

    @Test
    void policyThatWasMadeAnewCountsFromOneAgain() {
        node.applyPolicy(1, "first");
        node.applyPolicy(1, "second");
        work.start();
        awaitPolicy(2, "second");
        node.admin.resource(node.policy()).delete();

        node.applyPolicy(1, "third");

        awaitPolicy(1, "third");
    }

    private void awaitPolicy(long generation, String hash) {
        await().atMost(NodeFixture.PATIENCE).ignoreExceptions().untilAsserted(() -> {
            assertThat(node.policy().getStatus().observedGeneration()).isEqualTo(generation);
            assertThat(node.policy().getStatus().groups().getFirst().hash()).isEqualTo(hash);
        });
    }

    private void awaitPhase(String name, AssignmentPhase phase) {
        await().alias(name + " is " + phase).atMost(NodeFixture.PATIENCE).until(() -> {
            AgentAssignmentStatus status = node.assignment(name).getStatus();
            return status != null && status.phase() == phase;
        });
    }
}
