package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.cli.fleet.staged.StagedMain;
import dev.agentcontainers.cli.fleet.staged.StagedPlatform;
import dev.agentcontainers.cli.fleet.staged.Stages;
import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.nodeagent.platform.Platform;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A fleet whose operator and node agent are the shipped programs, started again so that a test can stop them at any stage:
 * both reach the API server by way of a proxy, and the node agent's drivers and fence are staged.
 */
final class StagedFleet implements AutoCloseable {
    /** Of another leader than the one that died nothing is awaited but this time, and not even that by {@link #startAgain}. */
    private static final Map<String, String> SHORT_LEASE = Map.of(
            "AGENTCONTAINERS_OPERATOR_LEADER_LEASE_DURATION", "6s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RENEW_DEADLINE", "4s",
            "AGENTCONTAINERS_OPERATOR_LEADER_RETRY_PERIOD", "1s");

    private static final String LEASE = "agentcontainers-operator";

    private final TestFleet fleet;
    private final Stages stages;
    private final ApiProxy operatorApi;
    private final ApiProxy nodeAgentApi;
    private final StartedProgram operator;
    private final StartedProgram nodeAgent;
    private final Watch watch;
    private final Map<String, Set<String>> assignments = new ConcurrentHashMap<>();

    private StagedFleet(TestFleet fleet) throws IOException {
        this.fleet = fleet;
        this.stages = new Stages(Files.createDirectory(fleet.home().resolve("stages")));
        StartedProgram startedOperator = StartedProgram.of(fleet.operator());
        StartedProgram startedNodeAgent = StartedProgram.of(fleet.nodeAgent());
        fleet.operator().stop();
        fleet.nodeAgent().stop();
        Path operatorAccess = Path.of(startedOperator.environment().get("KUBECONFIG"));
        this.operatorApi = proxy(Config.fromKubeconfig(operatorAccess.toFile()));
        this.nodeAgentApi = proxy(authorityOnly());
        redirect(operatorAccess, operatorApi);
        redirect(nodeAccess(startedNodeAgent), nodeAgentApi);
        this.operator = startedOperator.withEnvironment(SHORT_LEASE);
        this.nodeAgent = startedNodeAgent
                .begunBy(StagedMain.class.getName(), stagedPlatform())
                .withEnvironment(Map.of(Stages.FOLDER, stages.folder().toString()));
        this.watch = fleet.client()
                .resources(AgentAssignment.class)
                .inAnyNamespace()
                .watch(new Watcher<>() {
                    @Override
                    public void eventReceived(Action action, AgentAssignment assignment) {
                        assignments
                                .computeIfAbsent(
                                        assignment.getMetadata().getName(), name -> ConcurrentHashMap.newKeySet())
                                .add(assignment.getMetadata().getUid());
                    }

                    @Override
                    public void onClose(WatcherException cause) {
                        assignments.put("the watch has ended: " + cause, Set.of());
                    }
                });
        operator.start();
        nodeAgent.start();
    }

    static StagedFleet start() throws IOException {
        TestFleet fleet = TestFleet.start();
        try {
            return new StagedFleet(fleet);
        } catch (IOException | RuntimeException | Error e) {
            fleet.close();
            throw e;
        }
    }

    TestFleet fleet() {
        return fleet;
    }

    Stages stages() {
        return stages;
    }

    StartedProgram operator() {
        return operator;
    }

    StartedProgram nodeAgent() {
        return nodeAgent;
    }

    /**
     * Waits until the process is dead and starts the next. A leader's Lease has run out by then: as a leader that ends by itself, it is
     * led by nobody.
     */
    void startAgain(StartedProgram program, ProcessHandle dead) {
        program.awaitDeath(dead);
        if (program.equals(operator)) {
            fleet.client()
                    .leases()
                    .inNamespace(operator.environment().get("AGENTCONTAINERS_OPERATOR_LEADER_NAMESPACE"))
                    .withName(LEASE)
                    .edit(lease -> new LeaseBuilder(lease)
                            .editSpec()
                            .withHolderIdentity("")
                            .endSpec()
                            .build());
        }
        program.start();
    }

    ApiProxy operatorApi() {
        return operatorApi;
    }

    ApiProxy nodeAgentApi() {
        return nodeAgentApi;
    }

    /** The UIDs of all assignments that there ever were of that AgentContainer. */
    Set<String> assignmentsOf(String agentUid) {
        assertThat(assignments)
                .allSatisfy((name, uids) -> assertThat(uids).as(name).isNotEmpty());
        return assignments.getOrDefault(agentUid, Set.of());
    }

    private ApiProxy proxy(Config access) throws IOException {
        try {
            return new ApiProxy(fleet.controlPlane().apiServer(), SSLUtils.sslContext(access));
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** The node agent proves itself by a token, which passes the proxy. */
    private Config authorityOnly() {
        return new ConfigBuilder()
                .withAutoConfigure(false)
                .withCaCertData(Base64.getEncoder()
                        .encodeToString(
                                fleet.controlPlane().certificateAuthority().getBytes(StandardCharsets.UTF_8)))
                .build();
    }

    private void redirect(Path access, ApiProxy proxy) throws IOException {
        String direct = fleet.controlPlane().apiServer().toString();
        String text = Files.readString(access);
        assertThat(text).as("%s", access).contains(direct);
        Files.writeString(access, text.replace(direct, proxy.address().toString()));
    }

    /** The file in which the node agent finds the API server: a kubeconfig, or what was granted when it joined. */
    private static Path nodeAccess(StartedProgram nodeAgent) {
        return Optional.ofNullable(nodeAgent.environment().get("AGENTCONTAINERS_NODE_KUBECONFIG"))
                .map(Path::of)
                .orElseGet(() -> Path.of(nodeAgent.environment().get("AGENTCONTAINERS_NODE_STATE_DIRECTORY"))
                        .resolve("identity/grant.json"));
    }

    /** A jar of the test's platform and of nothing else, so that all other classes are those of the shipped program. */
    private Path stagedPlatform() throws IOException {
        Path jar = fleet.home().resolve("staged-platform.jar");
        String folder = StagedPlatform.class.getPackageName().replace('.', '/');
        Path classes = Path.of(StagedPlatform.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .resolve(folder);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.list(classes)) {
            for (Path file : files.toList()) {
                out.putNextEntry(new JarEntry(folder + "/" + file.getFileName()));
                try (InputStream content = Files.newInputStream(file)) {
                    content.transferTo(out);
                }
            }
            out.putNextEntry(new JarEntry("META-INF/services/" + Platform.class.getName()));
            out.write(StagedPlatform.class.getName().getBytes(StandardCharsets.UTF_8));
        }
        return jar;
    }

    /** What an idle fleet has, to be compared with later. */
    Leftovers leftovers() {
        return fleet.leftovers();
    }

    /** Waits until there is no more than before, and the fence has the rules of the published groups and no others. */
    void awaitNoMoreThan(Leftovers before) {
        TestFleet.awaitNoMoreThan(before, this::leftovers);
        await("the groups in the fence are the published ones")
                .untilAsserted(() -> assertThat(groupsInTheFence()).isEqualTo(publishedGroups()));
    }

    private Set<String> groupsInTheFence() {
        return ExternalCommand.of("ip", "netns", "exec", "agentfence-" + fleet.nodeName(), "nft", "list", "chains")
                .run()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("chain g_"))
                .map(line -> line.substring("chain g_".length()).replace(" {", ""))
                .collect(Collectors.toSet());
    }

    private Set<String> publishedGroups() {
        return fleet.client().resources(AgentNodePolicy.class).inAnyNamespace().list().getItems().stream()
                .flatMap(policy -> policy.getSpec().groups().stream())
                .map(AgentNodePolicySpec.Group::name)
                .collect(Collectors.toSet());
    }

    @Override
    public void close() throws IOException {
        watch.close();
        // The programs remove what agents are left, for which they need the API server.
        try (operatorApi;
                nodeAgentApi) {
            fleet.close();
        }
    }

    static List<String> beforeAndAfter(String... calls) {
        return Stream.of(calls)
                .flatMap(call -> Stream.of("before-" + call, "after-" + call))
                .toList();
    }
}
