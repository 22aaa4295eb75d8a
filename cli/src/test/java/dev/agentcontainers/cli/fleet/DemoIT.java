package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.fleet.AgentctlRun.Result;
import dev.agentcontainers.localcluster.process.FileTrees;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The quick start as its reader types it: the launcher, {@code examples/quickstart} as it is, and the commands that the demo
 * names. The fleet that the demo leaves up serves all cases.
 */
@Tag("cluster")
@Tag("node")
class DemoIT {
    private static final String NAMESPACE = "quickstart";
    private static final String ALLOWED = "http://198.51.100.10:8080/knowledge";
    private static final String DENIED = "http://198.51.100.20:8080/collect";

    private static Path folder;
    private static Leftovers before;
    private static Result demo;
    private static Optional<AgentContainerStatus.Egress> egress = Optional.empty();

    @BeforeAll
    static void demo() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        folder = Files.createTempDirectory("demo");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        before = leftovers();
        demo = agentctl("demo");
        egress = demo.exitCode() == 0 ? lastEgress() : Optional.empty();
    }

    @AfterAll
    static void downLeavesNothing() throws IOException {
        if (before == null) {
            return;
        }
        Result down = agentctl("down");
        assertThat(down.exitCode()).as(down.errors()).isZero();
        TestFleet.awaitNoMoreThan(before, DemoIT::leftovers);
        assertThat(home()).doesNotExist();
        assertThat(agentctl("down").errors()).contains("there is no local fleet");
        Result status = agentctl("status");
        assertThat(status.exitCode()).isEqualTo(3);
        assertThat(status.output()).contains("There is no local fleet");
        FileTrees.delete(folder);
    }

    @Test
    void theDemoShowsTheMainJob() {
        assertThat(demo.exitCode()).as(demo.output() + demo.errors()).isZero();
        assertThat(demo.output())
                .contains("AgentContainer quickstart/researcher: Succeeded, exit code 0")
                .containsPattern("scheduled to +local[0-9]*-1\n")
                .containsPattern("isolated as +process \\(asked for process, level Process established on the node\\)")
                .containsPattern("policy +ruleset [0-9a-f]+ from \\[inline/knowledge\\]")
                .containsPattern("stages +accepted → scheduled [0-9]+ ms, → prepared [0-9]+ ms, → fenced [0-9]+ ms,"
                        + " → first instruction [0-9]+ ms, → finished [0-9]+ ms")
                .containsPattern("allowed call +" + ALLOWED + " \\([0-9.]+ ms\\)\n"
                        + " +the agent saw +\\{\"service\":\"know\",\"received\":\\{\"words\":.*\n"
                        + " +verdict +allowed by inline/knowledge spec.network.egress\\[knowledge\\]\n")
                .containsPattern("denied call +" + DENIED + " \\([0-9.]+ ms\\)\n"
                        + " +the agent saw +[^\n]*\n"
                        + " +verdict +198.51.100.20:8080/TCP is denied: none of inline/knowledge allows it\n"
                        + " +inline/knowledge spec.network.egress\\[knowledge\\] allows the port, but not the address\n"
                        + " +To allow it add to spec.network.egress: ")
                .contains("heard 0 of 2 calls; it answers this machine")
                .contains(
                        "export KUBECONFIG=" + home().resolve("kubeconfig"), "agentctl logs -n quickstart researcher");
    }

    @Test
    void statusSaysThatAllOfItRuns() {
        Result status = agentctl("status");
        assertThat(status.exitCode()).as(status.output()).isZero();
        assertThat(status.output())
                .containsPattern("control plane: +running")
                .containsPattern("operator: +running")
                .containsPattern("node agent: +local[0-9]*-1 running")
                .containsPattern("AgentNode: +local[0-9]*-1 Ready")
                .containsPattern("agents: +1 Succeeded");
    }

    @Test
    void theKubeconfigIsThatOfTheFleet() throws IOException {
        Result kubeconfig = agentctl("kubeconfig");
        assertThat(kubeconfig.exitCode()).isZero();
        try (KubernetesClient client = client(Path.of(kubeconfig.output().strip()))) {
            AgentContainer agent = client.resources(AgentContainer.class)
                    .inNamespace(NAMESPACE)
                    .withName("researcher")
                    .get();
            assertThat(agent.getStatus().phase()).isEqualTo(AgentPhase.Succeeded);
        }
    }

    @Test
    void upLeavesWhatRunsAndAddsANode() throws IOException {
        String processes = processes();
        Result up = agentctl("up", "--nodes", "2", "--wait");
        assertThat(up.exitCode()).as(up.errors()).isZero();
        try (KubernetesClient client = client(home().resolve("kubeconfig"))) {
            assertThat(client.resources(AgentNode.class).list().getItems())
                    .hasSize(2)
                    .allMatch(NodeMembership::isReady);
        }
        assertThat(processes()).as("what ran before").startsWith(processes);

        Result again = agentctl("up", "--nodes", "2", "--wait");
        assertThat(again.exitCode()).as(again.errors()).isZero();
        assertThat(agentctl("status").exitCode()).isZero();
    }

    @Test
    void theStatusSaysWhatWasDenied() {
        assertThat(egress).hasValueSatisfying(said -> {
            assertThat(said.flowsAllowed()).isPositive();
            assertThat(said.flowsDenied()).isPositive();
            assertThat(said.lastDenied()).startsWith("TCP to 198.51.100.20:8080: ");
        });
    }

    /** Of the first demo's agent, once it has been said for the last time; another test runs the demo again. */
    private static Optional<AgentContainerStatus.Egress> lastEgress() throws IOException {
        try (KubernetesClient client = client(home().resolve("kubeconfig"))) {
            AgentContainer agent = client.resources(AgentContainer.class)
                    .inNamespace(NAMESPACE)
                    .withName("researcher")
                    .waitUntilCondition(
                            each -> each != null
                                    && each.getStatus().egress() != null
                                    && each.getStatus().egress().flowsDenied() > 0,
                            10,
                            TimeUnit.SECONDS);
            return Optional.of(agent.getStatus().egress());
        } catch (KubernetesClientTimeoutException e) {
            return Optional.empty();
        }
    }

    @Test
    void theLogIsTheAgentsOwn() {
        Result logs = agentctl("logs", "-n", NAMESPACE, "researcher");
        assertThat(logs.exitCode()).as(logs.errors()).isZero();
        assertThat(logs.output().lines())
                .first()
                .asString()
                .contains("\"event\": \"started\"", "\"workspace\": \"/workspace\"");
        assertThat(logs.output().lines())
                .last()
                .asString()
                .contains("\"event\": \"finished\"", "\"results\": [\"1.json\", \"2.json\"]");
    }

    /** As somebody would who thinks that the demo's verdicts are only words. */
    @Test
    void theDemoFailsWhereAPolicyOpensTheServiceThatIsToBeDenied() throws IOException {
        try (KubernetesClient client = client(home().resolve("kubeconfig"))) {
            NetworkPolicy opens = client.getKubernetesSerialization().unmarshal("""
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: opens-the-collector, namespace: quickstart}
                    spec:
                      podSelector: {matchLabels: {app: researcher}}
                      policyTypes: [Egress]
                      egress: [{to: [{ipBlock: {cidr: 198.51.100.20/32}}], ports: [{port: 8080}]}]
                    """, NetworkPolicy.class);
            client.resource(opens).create();
            try {
                Result opened = agentctl("demo");
                assertThat(opened.exitCode()).as(opened.output()).isEqualTo(1);
                assertThat(opened.errors())
                        .contains("a call that is to be denied was answered")
                        .contains("policy does not agree with the denied call")
                        .contains("the denied service heard 2 calls");
                assertThat(opened.output()).contains("opens-the-collector");
            } finally {
                client.resource(opens).delete();
            }
        }
    }

    @Test
    void anotherFleetsRemovalLeavesTheServices() {
        Result down = agentctl(folder.resolve("other"), "down");
        assertThat(down.exitCode()).as(down.errors()).isZero();
        assertThat(List.of("198.51.100.10", "198.51.100.20")).allMatch(DemoIT::answers);
    }

    private static boolean answers(String address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 8080), 2000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Operator and first node agent with their numbers, as status has them. */
    private static String processes() {
        return agentctl("status")
                .output()
                .lines()
                .filter(line -> line.startsWith("operator:") || line.startsWith("node agent:"))
                .reduce("", (all, line) -> all + line + "\n");
    }

    private static KubernetesClient client(Path kubeconfig) throws IOException {
        return new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(Files.readString(kubeconfig)))
                .build();
    }

    private static Path home() {
        return folder.resolve("home");
    }

    private static Leftovers leftovers() {
        return Leftovers.count(folder, List.of(home(), folder.resolve("home-run")));
    }

    private static Result agentctl(String... arguments) {
        return agentctl(home(), arguments);
    }

    private static Result agentctl(Path home, String... arguments) {
        Map<String, String> environment =
                Map.of("AGENTCTL_HOME", home.toString(), "AGENTCTL_NO_BUILD", "yes", "AGENTCTL_START_CACHE", "off");
        String launcher =
                Path.of(System.getProperty("project.root"), "agentctl").toString();
        return AgentctlRun.startProgram(
                        environment,
                        Stream.concat(Stream.of(launcher), Stream.of(arguments)).toList())
                .await();
    }
}
