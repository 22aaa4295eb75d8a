package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.streams.AgentLog;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.process.FileTrees;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A local fleet in a folder of its own, and a count of what it must not leave behind. */
final class TestFleet implements AutoCloseable {
    static final String NAMESPACE = "team-a";
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final Path home;
    private final FleetLayout layout;
    private final LocalFleet fleet;
    private final Programs programs;
    private final Leftovers before;
    private final ControlPlane controlPlane;
    private final KubernetesClient client;

    private TestFleet(
            Path home,
            FleetLayout layout,
            Programs programs,
            Leftovers before,
            ControlPlaneOptions options,
            Map<String, String> nodeSettings) {
        this.home = home;
        this.layout = layout;
        this.programs = programs;
        this.before = before;
        this.fleet = new LocalFleet(layout, programs, new Progress(System.err), options);
        try {
            fleet.up(1, true, nodeSettings);
        } catch (RuntimeException | Error e) {
            // Its place on the machine is needed by the next.
            fleet.down();
            throw e;
        }
        this.controlPlane = fleet.attach();
        this.client = controlPlane.adminClient();
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
    }

    static TestFleet start() throws IOException {
        return start(ControlPlaneOptions.defaults());
    }

    static TestFleet start(ControlPlaneOptions options) throws IOException {
        return start(options, Map.of());
    }

    /** One whose agents' names are resolved there, and whose nodes reach registries as that file says. */
    static TestFleet startWith(String resolver, Path registries) throws IOException {
        return start(
                ControlPlaneOptions.defaults(),
                Map.of(
                        "AGENTCONTAINERS_NODE_DNS_UPSTREAM",
                        resolver,
                        "AGENTCONTAINERS_NODE_REGISTRIES_FILE",
                        registries.toString()));
    }

    private static TestFleet start(ControlPlaneOptions options, Map<String, String> nodeSettings) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        Path home = Files.createTempDirectory("fleet");
        FleetLayout layout =
                FleetLayout.of(Map.of("AGENTCTL_HOME", home.resolve("home").toString()), "root", home);
        Files.setPosixFilePermissions(home, java.nio.file.attribute.PosixFilePermissions.fromString("rwx--x--x"));
        Programs programs = new Programs(
                Path.of(System.getProperty("project.root")), Path.of(System.getProperty("java.home"), "bin", "java"));
        return new TestFleet(
                home,
                layout,
                programs,
                Leftovers.count(home, List.of(layout.home(), layout.run())),
                options,
                nodeSettings);
    }

    KubernetesClient client() {
        return client;
    }

    ControlPlane controlPlane() {
        return controlPlane;
    }

    java.net.URI gateway() {
        return new OperatorProcess(layout, programs, place()).gateway();
    }

    FleetLayout layout() {
        return layout;
    }

    LocalFleet fleet() {
        return fleet;
    }

    FleetProcess operator() {
        return new OperatorProcess(layout, programs, place()).process();
    }

    FleetProcess nodeAgent() {
        return new FleetProcess("node-agent", layout.node(nodeName()));
    }

    private FleetPlace place() {
        return FleetPlaces.ofThisMachine().find(layout.home()).orElseThrow();
    }

    /** The name of its one node. */
    String nodeName() {
        try (Stream<Path> nodes = Files.list(layout.nodes())) {
            return nodes.map(node -> node.getFileName().toString()).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path home() {
        return home;
    }

    /** Creates an agent that runs a shell script, from the rest of its spec in YAML. */
    AgentContainer create(String name, String script, String spec) {
        return create(name, script, "cpu: '1', memory: 64Mi, pids: 32", spec);
    }

    /**
     * Creates an agent that has one of everything that is to be removed later: a workspace of limited size, files of a
     * ConfigMap in /etc/task, files of a Secret in /etc/token, a variable of a Secret.
     */
    AgentContainer createFurnished(String name, String script, String lifecycle) {
        return create(
                name, script, "cpu: '1', memory: 64Mi, pids: 32, ephemeral-storage: 16Mi", """
                    lifecycle: {%s}
                    workingDir: /workspace
                    env:
                    - {name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}
                    filesystem:
                      mounts:
                      - {path: /workspace, access: ReadWrite, source: {workspace: {}}}
                      - {path: /etc/task, access: ReadOnly, source: {configMap: {name: task}}}
                      - {path: /etc/token, access: ReadOnly, source: {secret: {secretName: token}}}
                    """.formatted(lifecycle));
    }

    /** What furnished agents refer to. */
    void furnish() {
        client.resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("task")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .addToData("task", "think")
                        .build())
                .create();
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName("token")
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .addToStringData("token", "hidden")
                        .build())
                .create();
    }

    private AgentContainer create(String name, String script, String limits, String spec) {
        String manifest = """
            apiVersion: agentcontainers.dev/v1alpha1
            kind: AgentContainer
            metadata: {name: %s, namespace: %s, labels: {app: %s}}
            spec:
              isolation: {className: process}
              command: [/bin/sh, -c, '%s']
              resources: {requests: {cpu: 50m}, limits: {%s}}
            %s
            """.formatted(name, NAMESPACE, name, script, limits, spec.indent(2));
        return client.resource(client.getKubernetesSerialization().unmarshal(manifest, AgentContainer.class))
                .create();
    }

    AgentContainer get(String name) {
        return client.resources(AgentContainer.class)
                .inNamespace(NAMESPACE)
                .withName(name)
                .get();
    }

    static Condition condition(AgentContainer agent, String type) {
        return agent.getStatus().conditions().stream()
                .filter(condition -> condition.getType().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no condition " + type + " in " + agent.getStatus()));
    }

    AgentContainer await(String name, AgentPhase phase) {
        Awaitility.await(name + " is " + phase).atMost(PATIENCE).untilAsserted(() -> {
            AgentContainer agent = get(name);
            assertThat(agent.getStatus()).isNotNull();
            assertThat(agent.getStatus().phase()).as("%s", agent.getStatus()).isEqualTo(phase);
        });
        return get(name);
    }

    void delete(String name) {
        client.resources(AgentContainer.class)
                .inNamespace(NAMESPACE)
                .withName(name)
                .delete();
        Awaitility.await(name + " is gone").atMost(PATIENCE).until(() -> get(name) == null);
    }

    String output(String name) {
        return new AgentLog(controlPlane.adminConfig(), OperatorProcess.NAMESPACE, NAMESPACE, name)
                .read(PATIENCE)
                .stripTrailing();
    }

    /** The first process of a running agent. */
    ProcessHandle processOf(AgentContainer agent) throws IOException {
        Path run = layout.node(nodeName())
                .resolve("state/sandboxes")
                .resolve(agent.getMetadata().getUid())
                .resolve("run");
        long pid = Long.parseLong(Files.readString(run.resolve("pid")).strip());
        return ProcessHandle.of(pid).orElseThrow(() -> new AssertionError("process " + pid + " is gone"));
    }

    /** Waits until the node agent, which was just started, says that it lives: it has adopted what it found by then. */
    void awaitNewHeartbeat() {
        java.time.ZonedDateTime now = java.time.ZonedDateTime.now(java.time.ZoneOffset.UTC);
        Awaitility.await("a heartbeat of " + nodeName())
                .atMost(PATIENCE)
                .until(() -> client.leases().inAnyNamespace().list().getItems().stream()
                        .filter(lease -> nodeName().equals(lease.getSpec().getHolderIdentity()))
                        .anyMatch(lease -> lease.getSpec().getRenewTime().isAfter(now)));
    }

    /** The memory limit of a running agent as the kernel holds it, in bytes. */
    long memoryLimit(AgentContainer agent) throws IOException {
        String id = agent.getMetadata().getUid();
        try (Stream<Path> files = Files.find(
                Path.of("/sys/fs/cgroup"),
                8,
                (path, attributes) -> path.toString().contains(id))) {
            Path limit = files.filter(path -> path.endsWith("memory.limit_in_bytes") || path.endsWith("memory.max"))
                    .filter(path -> !path.toString().contains("shim"))
                    .findFirst()
                    .orElseThrow();
            return Long.parseLong(Files.readString(limit).strip());
        }
    }

    /** What there is of this fleet, its folder's files included. */
    Leftovers leftovers() {
        return Leftovers.count(home, List.of(layout.node(nodeName()).resolve("state"), layout.nodeRun(nodeName())));
    }

    /** Waits until nothing differs from before. */
    static void awaitNoMoreThan(Leftovers before, Supplier<Leftovers> now) {
        Awaitility.await("nothing is left")
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(now.get().differenceFrom(before)).isEmpty());
    }

    @Override
    public void close() throws IOException {
        client.close();
        controlPlane.close();
        fleet.down();
        assertThat(layout.lock()).doesNotExist();
        awaitNoMoreThan(before, () -> Leftovers.count(home, List.of(layout.home(), layout.run())));
        FileTrees.delete(home);
    }
}
