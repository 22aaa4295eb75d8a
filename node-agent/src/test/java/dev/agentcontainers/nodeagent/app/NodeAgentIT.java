package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.kubernetes.NodeFixture;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole node agent at a real API server, on a fake machine. */
@Tag("cluster")
class NodeAgentIT {
    private final NodeFixture node = new NodeFixture();
    private final FakeMachine machine = new FakeMachine();
    private final AtomicInteger restarts = new AtomicInteger();

    @TempDir
    Path folder;

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void worksFromJoiningToTheLastAgentAndRestoresWithoutTheApiServer() throws Exception {
        node.join();
        node.adopt("100.80.4.0/22");
        node.applyPolicy(1, NodeFixture.HASH);
        String name = node.assign();

        try (NodeAgent agent = agent(kubeconfig(node.controlPlane.apiServer().toString()))) {
            agent.start();
            await().atMost(NodeFixture.PATIENCE).until(() -> phase(name).equals(Optional.of(AssignmentPhase.Running)));
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> node.node().getStatus().drivers() != null);
            await().atMost(NodeFixture.PATIENCE)
                    .until(() ->
                            agent.parts().orElseThrow().heartbeat().renewed().isPresent());
            assertThat(agent.parts().orElseThrow().assignments().isSynced()).isTrue();
            assertThat(machine.fence().settings().orElseThrow().agentCidr()).isEqualTo("100.80.4.0/22");
            assertThat(node.node().getStatus().capacity()).containsEntry("agents", new Quantity("1021"));

            String demanding = node.assign(IsolationLevel.MicroVM);
            await("an agent that must be isolated more strongly than the driver was found to isolate")
                    .atMost(NodeFixture.PATIENCE)
                    .until(() -> phase(demanding).equals(Optional.of(AssignmentPhase.Rejected)));
            assertThat(node.assignment(demanding).getStatus().reason()).isEqualTo("IsolationTooWeak");
            assertThat(machine.driver().running()).containsExactly(new SandboxId(name));
            node.deleteAssignment(demanding);
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> phase(demanding).equals(Optional.of(AssignmentPhase.Stopped)));
            node.releaseAssignment(demanding);
        }
        assertThat(machine.driver().running()).containsExactly(new SandboxId(name));

        assertThat(machine.fence().settings())
                .as("the fence of an agent that runs")
                .isPresent();
        int applied = machine.fence().applied();
        try (NodeAgent offline = agent(kubeconfig("https://127.0.0.1:1"))) {
            offline.start();
            assertThat(machine.fence().applied()).isEqualTo(applied + 1);
            assertThat(offline.parts().orElseThrow().supervisor().agents()).isEqualTo(1);
            await().during(Duration.ofSeconds(2))
                    .atMost(NodeFixture.PATIENCE)
                    .until(() -> machine.driver().running().equals(Set.of(new SandboxId(name))));
            assertThat(offline.parts().orElseThrow().assignments().isSynced()).isFalse();
        }

        node.deleteAssignment(name);
        try (NodeAgent again = agent(kubeconfig(node.controlPlane.apiServer().toString()))) {
            again.start();
            await().atMost(NodeFixture.PATIENCE).until(() -> phase(name).equals(Optional.of(AssignmentPhase.Stopped)));
            assertThat(machine.driver().running()).isEmpty();
        }
        assertThat(machine.fence().settings())
                .as("the fence after the last agent")
                .isEmpty();
        assertThat(restarts).hasValue(0);
    }

    @Test
    void asksToBeStartedAgainWhereTheNodeWasMadeAnew() throws Exception {
        node.join();
        node.adopt("100.80.4.0/22");
        Path kubeconfig = kubeconfig(node.controlPlane.apiServer().toString());
        try (NodeAgent agent = agent(kubeconfig)) {
            agent.start();
            await().atMost(NodeFixture.PATIENCE)
                    .until(() -> node.node().getStatus().drivers() != null);
        }
        node.admin.resource(node.node()).delete();
        node.join();
        node.adopt("100.80.8.0/22");

        try (NodeAgent agent = agent(kubeconfig)) {
            agent.start();
            await().atMost(NodeFixture.PATIENCE).until(() -> restarts.get() == 1);
        }
        try (NodeAgent agent = agent(kubeconfig)) {
            agent.start();
            assertThat(machine.fence().settings().orElseThrow().agentCidr()).isEqualTo("100.80.8.0/22");
        }
    }

    @Test
    void machineThatHasNotJoinedSaysWhatToDo() throws Exception {
        try (NodeAgent agent = agent(folder.resolve("missing"))) {
            assertThatThrownBy(agent::start)
                    .isInstanceOf(StartException.class)
                    .hasMessageContaining("agentcontainers.node.kubeconfig");
        }
    }

    private NodeAgent agent(Path kubeconfig) {
        NodeSettings settings = new NodeSettings(
                node.nodeName, folder.resolve("state"), folder.resolve("run"), 200_000_000, 655_360_000, 1 << 20);
        return new NodeAgent(
                new NodeOptions(
                        settings,
                        Optional.of(kubeconfig),
                        Optional.empty(),
                        "100.80.0.0/12",
                        List.of("192.0.2.1"),
                        0,
                        "0.1.0"),
                machine,
                Clock.systemUTC(),
                restarts::incrementAndGet);
    }

    private Optional<AssignmentPhase> phase(String name) {
        return Optional.ofNullable(node.assignment(name).getStatus()).map(status -> status.phase());
    }

    private Path kubeconfig(String url) throws IOException {
        Config config = node.nodeConfig();
        String text = """
                apiVersion: v1
                kind: Config
                current-context: node
                contexts: [{name: node, context: {cluster: fleet, user: node}}]
                clusters: [{name: fleet, cluster: {server: "%s", certificate-authority-data: "%s"}}]
                users: [{name: node, user: {token: "%s"}}]
                """.formatted(url, config.getCaCertData(), config.getOauthToken());
        return Files.writeString(folder.resolve("kubeconfig"), text);
    }
}
