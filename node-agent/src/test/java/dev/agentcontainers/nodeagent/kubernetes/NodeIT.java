package dev.agentcontainers.nodeagent.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodeStatus;
import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node says of itself to a real API server: registration, status, Lease and credential. */
@Tag("cluster")
class NodeIT {
    private static final MachineFacts MACHINE = new MachineFacts(
            OperatingSystem.linux,
            Architecture.amd64,
            "6.1.0",
            "Debian 12",
            3000,
            8L << 30,
            100L << 30,
            32_768,
            "boot");

    private final NodeFixture node = new NodeFixture();
    private final KubernetesClient client = node.nodeClient();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @TempDir
    Path folder;

    @AfterEach
    void stop() {
        timer.shutdownNow();
        client.close();
        node.close();
    }

    @Test
    void waitsUntilTheOperatorHasGivenItItsNamespaceAndItsRange() throws Exception {
        CompletableFuture<Membership> found = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                found.complete(new NodeRegistration(client, node.nodeName, timer).await());
            } catch (InterruptedException e) {
                found.completeExceptionally(e);
            }
        });
        node.join();
        await().during(Duration.ofSeconds(1)).atMost(NodeFixture.PATIENCE).until(() -> !found.isDone());

        node.adopt("100.80.4.0/22");

        await().atMost(NodeFixture.PATIENCE).until(found::isDone);
        assertThat(found.get())
                .isEqualTo(new Membership(
                        node.nodeName, node.node().getMetadata().getUid(), node.namespace, "100.80.4.0/22", 50));
    }

    @Test
    void statusIsWrittenOnceAndLeavesTheOperatorsPartAlone() {
        node.join();
        node.adopt("100.80.4.0/22");
        List<Membership> seen = new CopyOnWriteArrayList<>();
        ResourceAmounts overhead = new ResourceAmounts(
                OptionalLong.empty(), OptionalLong.of(256 << 20), OptionalLong.empty(), OptionalLong.empty());
        NodeDescription description = new NodeDescription(
                MACHINE,
                "0.1.0",
                1021,
                50,
                Map.of("process", new FakeDriver().probe()),
                Map.of("process", overhead),
                Map.of(),
                Optional.empty());
        try (NodeStatusReporter reporter = new NodeStatusReporter(
                client, node.nodeName, () -> description, seen::add, request -> {}, () -> {}, timer)) {
            reporter.start();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> node.node().getStatus().drivers() != null);
        }
        AgentNode first = node.node();
        AgentNodeStatus status = first.getStatus();
        assertThat(status.namespace()).isEqualTo(node.namespace);
        assertThat(status.conditions())
                .singleElement()
                .satisfies(ready -> assertThat(ready.getReason()).isEqualTo("New"));
        assertThat(status.os()).isEqualTo(OperatingSystem.linux);
        assertThat(status.kernelVersion()).isEqualTo("6.1.0");
        assertThat(status.allocatable()).containsEntry("cpu", new Quantity("1500m"));
        assertThat(status.drivers())
                .singleElement()
                .satisfies(driver -> assertThat(driver.version()).isEqualTo("fake 1.0"))
                .satisfies(driver -> assertThat(driver.overhead().memory()).isEqualTo(new Quantity("262144Ki")));
        assertThat(seen).isNotEmpty();

        seen.clear();
        List<String> requests = new CopyOnWriteArrayList<>();
        node.admin.resources(AgentNode.class).withName(node.nodeName).edit(asked -> {
            asked.getMetadata().setAnnotations(Map.of(AgentNode.VERIFY, "now"));
            return asked;
        });
        AgentNode annotated = node.node();
        try (NodeStatusReporter again = new NodeStatusReporter(
                client, node.nodeName, () -> description, seen::add, requests::add, () -> {}, timer)) {
            again.start();
            await().during(Duration.ofSeconds(1)).atMost(NodeFixture.PATIENCE).until(() -> !seen.isEmpty());
        }
        assertThat(requests).as("to verify its drivers").containsOnly("now");
        assertThat(node.node().getMetadata().getResourceVersion())
                .isEqualTo(annotated.getMetadata().getResourceVersion());
    }

    @Test
    void anAgentNodeThatIsGoneIsNoticed() {
        node.join();
        node.adopt("100.80.4.0/22");
        AtomicInteger missed = new AtomicInteger();
        NodeDescription description = new NodeDescription(
                MACHINE,
                "0.1.0",
                1021,
                50,
                Map.of("process", new FakeDriver().probe()),
                Map.of(),
                Map.of(),
                Optional.empty());
        try (NodeStatusReporter reporter = new NodeStatusReporter(
                client, node.nodeName, () -> description, _ -> {}, _ -> {}, missed::incrementAndGet, timer)) {
            reporter.start();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> node.node().getStatus().drivers() != null);
            assertThat(missed).hasValue(0);
            node.admin.resource(node.node()).delete();
            reporter.look();
            await().atMost(NodeFixture.PATIENCE).until(() -> missed.get() > 0);
        }
    }

    @Test
    void leaseIsMadeAndRenewedAndSurvivesTroubles() {
        node.join();
        try (Heartbeat heartbeat =
                new Heartbeat(client, node.namespace, node.nodeName, Clock.systemUTC(), Duration.ofMillis(200))) {
            heartbeat.start();
            await().atMost(NodeFixture.PATIENCE).until(() -> heartbeat.renewed().isPresent());
            Lease first = lease();
            assertThat(first.getSpec().getHolderIdentity()).isEqualTo(node.nodeName);
            assertThat(first.getSpec().getLeaseDurationSeconds()).isEqualTo(40);
            ZonedDateTime renewed = first.getSpec().getRenewTime();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> lease().getSpec().getRenewTime().isAfter(renewed));
            assertThat(lease().getSpec().getAcquireTime())
                    .isEqualTo(first.getSpec().getAcquireTime());

            node.revoke();
            Instant before = Instant.now();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> heartbeat.tried().orElseThrow().isAfter(before.plusSeconds(1)));
            node.restoreRights();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> heartbeat.renewed().orElseThrow().isAfter(before.plusSeconds(1)));
        }
    }

    @Test
    void tokenIsRenewedBeforeItEndsAndKept() throws IOException {
        node.join();
        Path file = folder.resolve("state/token");
        Clock later = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(8));
        CredentialRenewal renewal = new CredentialRenewal(node.nodeConfig(), file, later);
        Instant firstEnd = renewal.expires().orElseThrow();
        try (KubernetesClient renewing =
                new KubernetesClientBuilder().withConfig(renewal.clientConfig()).build()) {
            renewal.renewWhereDue(renewing, node.namespace);
            assertThat(renewal.expires().orElseThrow()).isAfter(firstEnd.plusSeconds(60));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(renewing.resources(AgentAssignment.class)
                            .inNamespace(node.namespace)
                            .list()
                            .getItems())
                    .isEmpty();
        }
        CredentialRenewal afterRestart = new CredentialRenewal(node.nodeConfig(), file, Clock.systemUTC());
        assertThat(afterRestart.expires()).isEqualTo(renewal.expires());
        assertThat(afterRestart.clientConfig().getOauthTokenProvider().getToken())
                .isEqualTo(Files.readString(file));
    }

    @Test
    void freshTokenIsLeftAlone() throws IOException {
        Path file = folder.resolve("token");
        CredentialRenewal renewal = new CredentialRenewal(node.nodeConfig(), file, Clock.systemUTC());

        renewal.renewWhereDue(client, node.namespace);

        assertThat(file).doesNotExist();
    }

    private Lease lease() {
        return node.admin.leases().inNamespace(node.namespace).withName("node").require();
    }
}
