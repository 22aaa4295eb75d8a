package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.cli.streams.AgentLog;
import dev.agentcontainers.cli.terminal.Progress;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.process.FileTrees;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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

    private TestFleet(Path home, FleetLayout layout, Programs programs, Leftovers before) {
        this.home = home;
        this.layout = layout;
        this.programs = programs;
        this.before = before;
        this.fleet = new LocalFleet(layout, programs, new Progress(System.err));
        fleet.up(1, true);
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
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        Path home = Files.createTempDirectory("fleet");
        FleetLayout layout =
                FleetLayout.of(Map.of("AGENTCTL_HOME", home.resolve("home").toString()), "root", home);
        Files.setPosixFilePermissions(home, java.nio.file.attribute.PosixFilePermissions.fromString("rwx--x--x"));
        Programs programs = new Programs(
                Path.of(System.getProperty("project.root")), Path.of(System.getProperty("java.home"), "bin", "java"));
        return new TestFleet(home, layout, programs, Leftovers.count(home));
    }

    KubernetesClient client() {
        return client;
    }

    ControlPlane controlPlane() {
        return controlPlane;
    }

    java.net.URI gateway() {
        return new OperatorProcess(layout, programs).gateway();
    }

    FleetLayout layout() {
        return layout;
    }

    LocalFleet fleet() {
        return fleet;
    }

    FleetProcess operator() {
        return new OperatorProcess(layout, programs).process();
    }

    FleetProcess nodeAgent() {
        return new NodeProcess(layout, programs, "local-1").process();
    }

    /** Creates an agent that runs a shell script, from the rest of its spec in YAML. */
    AgentContainer create(String name, String script, String spec) {
        String manifest = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: %s, namespace: %s, labels: {app: %s}}
                spec:
                  isolation: {className: process}
                  command: [/bin/sh, -c, '%s']
                  resources: {requests: {cpu: 50m}, limits: {cpu: "1", memory: 64Mi, pids: 32}}
                %s
                """.formatted(name, NAMESPACE, name, script, spec.indent(2));
        return client.resource(client.getKubernetesSerialization().unmarshal(manifest, AgentContainer.class))
                .create();
    }

    AgentContainer get(String name) {
        return client.resources(AgentContainer.class)
                .inNamespace(NAMESPACE)
                .withName(name)
                .get();
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

    @Override
    public void close() throws IOException {
        client.close();
        controlPlane.close();
        fleet.down();
        try (Stream<Path> left = Files.list(home)) {
            assertThat(left).as("files that the fleet left").isEmpty();
        }
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(Leftovers.count(home)).isEqualTo(before));
        FileTrees.delete(home);
    }

    /** What could be left on the machine: processes, network namespaces, links, mounts, control groups, loop devices. */
    record Leftovers(
            List<String> processes,
            List<String> namespaces,
            List<String> links,
            List<String> mounts,
            List<String> groups,
            long loops) {
        static Leftovers count(Path home) throws IOException {
            return new Leftovers(
                    ProcessHandle.allProcesses()
                            .map(process -> commandLine(process.pid()))
                            .filter(line -> line.contains(home + "/") && !line.contains("surefire"))
                            .toList(),
                    ExternalCommand.of("ip", "netns", "list")
                            .run()
                            .lines()
                            .sorted()
                            .toList(),
                    ExternalCommand.of("ip", "-brief", "link")
                            .run()
                            .lines()
                            .map(line -> line.split("[ @]")[0])
                            .filter(link -> link.startsWith("ac"))
                            .sorted()
                            .toList(),
                    Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
                            .filter(line -> line.contains(home + "/"))
                            .toList(),
                    controlGroups(),
                    loopDevices(home));
        }

        private static String commandLine(long pid) {
            try {
                return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"))
                        .replace('\0', ' ');
            } catch (IOException e) {
                return "";
            }
        }

        private static List<String> controlGroups() throws IOException {
            try (Stream<Path> hierarchies = Files.list(Path.of("/sys/fs/cgroup"))) {
                return hierarchies
                        .filter(Files::isDirectory)
                        .flatMap(hierarchy -> {
                            try (Stream<Path> groups = Files.list(hierarchy)) {
                                return groups
                                        .filter(group ->
                                                group.getFileName().toString().startsWith("agentcontainers-local"))
                                        .map(Path::toString)
                                        .toList()
                                        .stream();
                            } catch (IOException e) {
                                return Stream.empty();
                            }
                        })
                        .sorted()
                        .toList();
            }
        }

        private static long loopDevices(Path home) throws IOException {
            return ExternalCommand.of("losetup", "-a")
                    .run()
                    .lines()
                    .filter(line -> line.contains(home.toString()))
                    .count();
        }
    }
}
