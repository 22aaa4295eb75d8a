package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentPhase;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.cli.demo.DemoService;
import dev.agentcontainers.cli.demo.NamedSite;
import dev.agentcontainers.cli.registry.ImageServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From apply to a fenced, running, finished and deleted agent; the operator and the node agent die on the way. */
@Tag("cluster")
@Tag("node")
class MainJobIT {
    private static final DemoService SERVICE = new DemoService("mainjob", "198.51.100.50", "198.51.100.49");

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path folder;

    private static ImageServer registry;
    private static NamedSite site;
    private static TestFleet fleet;

    @BeforeAll
    static void up() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        site = NamedSite.start(SERVICE, folder);
        registry = ImageServer.start(folder, "secret");
        fleet = TestFleet.startWith(site.upstream(), registry.registries(folder.resolve("registries.yaml")));
    }

    @AfterAll
    static void downLeavesNothing() throws Exception {
        if (fleet != null) {
            fleet.close();
        }
        if (site != null) {
            site.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    @Test
    void anAgentRunsBehindItsFenceFinishesAndIsDeleted() {
        fleet.create("runs", "echo hello; sleep 5; exit 0", "");
        AgentContainer running = fleet.await("runs", AgentPhase.Running);
        assertThat(TestFleet.condition(running, "PolicyEnforced").getStatus()).isEqualTo("True");
        assertThat(TestFleet.condition(running, "Ready").getStatus()).isEqualTo("True");
        assertThat(running.getStatus().policy().hash()).isNotEmpty();
        assertThat(running.getStatus().addresses()).hasSize(1);
        AgentContainer done = fleet.await("runs", AgentPhase.Succeeded);
        assertThat(done.getStatus().exitCode()).isZero();
        assertThat(done.getStatus().policy()).isEqualTo(running.getStatus().policy());
        assertThat(done.getStatus().usage().at())
                .isEqualTo(done.getStatus().transitions().finished());
        assertThat(done.getStatus().usage().since())
                .isLessThan(done.getStatus().usage().at());
        assertThat(done.getStatus().usage().cpuMilliseconds()).isBetween(1L, 4000L);
        assertThat(done.getStatus().usage().memoryBytes()).isNull();
        assertThat(TestFleet.condition(done, "PolicyEnforced").getReason()).isEqualTo("EnforcedUntilEnd");
        assertThat(fleet.output("runs")).isEqualTo("hello");
        fleet.delete("runs");
    }

    @Test
    void anAgentThatIsOverAtOnceShowsTheSameTruthAsALongOne() {
        fleet.create("short", "exit 0", "");
        AgentContainer done = fleet.await("short", AgentPhase.Succeeded);
        assertThat(done.getStatus().policy().hash()).isNotEmpty();
        assertThat(done.getStatus().policy().sources()).isNotNull();
        assertThat(TestFleet.condition(done, "PolicyEnforced").getReason()).isEqualTo("EnforcedUntilEnd");
        fleet.delete("short");
    }

    @Test
    void aFailedAgentShowsItsExitCodeAndIsStalled() {
        fleet.create("fails", "exit 7", "");
        AgentContainer failed = fleet.await("fails", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(7);
        assertThat(TestFleet.condition(failed, "Stalled").getStatus()).isEqualTo("True");
        assertThat(TestFleet.condition(failed, "Ready").getStatus()).isEqualTo("False");
        fleet.delete("fails");
    }

    @Test
    void aRunningAgentThatIsDeletedIsStopped() {
        fleet.create("deleted", "sleep 1000", "lifecycle: {terminationGracePeriodSeconds: 1}");
        fleet.await("deleted", AgentPhase.Running);
        fleet.delete("deleted");
    }

    @Test
    void theDeadlineStopsTheAgent() {
        fleet.create("late", "sleep 1000", "lifecycle: {deadlineSeconds: 2, terminationGracePeriodSeconds: 0}");
        AgentContainer failed = fleet.await("late", AgentPhase.Failed);
        assertThat(TestFleet.condition(failed, "Stalled").getReason()).isEqualTo("DeadlineExceeded");
        fleet.delete("late");
    }

    /** Shim and agent must not be in the node agent's control group, nor tied to it in any other way. */
    @Test
    void anAgentOutlivesTheWholeControlGroupOfItsNodeAgentAndIsReportedAsItEnded() throws Exception {
        StartedProgram nodeAgent = StartedProgram.of(fleet.nodeAgent());
        String group = "test-service-" + ProcessHandle.current().pid();
        try (OwnGroups service = OwnGroups.of(group, nodeAgent.running())) {
            fleet.create(
                    "orphan", "echo before; until test -e /workspace/go; do sleep 0.1; done; echo after; exit 9", """
                    filesystem:
                      mounts: [{path: /workspace, access: ReadWrite, source: {workspace: {}}}]
                    """);
            AgentContainer running = fleet.await("orphan", AgentPhase.Running);
            ProcessHandle agent = fleet.processOf(running);
            service.killAll();
            await("the node agent is dead").until(() -> fleet.nodeAgent().find().isEmpty());
            assertThat(agent.isAlive()).isTrue();
            Files.createFile(Path.of("/proc", Long.toString(agent.pid()), "root/workspace/go"));
            await("the agent has ended").until(() -> !agent.isAlive());
        }

        nodeAgent.start();

        AgentContainer failed = fleet.await("orphan", AgentPhase.Failed);
        assertThat(failed.getStatus().exitCode()).isEqualTo(9);
        assertThat(failed.getStatus().restarts()).isIn(null, 0);
        assertThat(fleet.output("orphan")).isEqualTo("before\nafter");
        fleet.delete("orphan");
    }

    @Test
    void aRestartedNodeAgentAdoptsTheSameProcessAddressAndFlow() throws Exception {
        StartedProgram nodeAgent = StartedProgram.of(fleet.nodeAgent());
        try (LineService service = LineService.start()) {
            fleet.create(
                    "adopted",
                    "exec bash -c \"exec 3<>/dev/tcp/%s/%d; while read -r line <&3; do echo got \\$line >&3; done\""
                            .formatted(LineService.ADDRESS, LineService.PORT),
                    """
                    network:
                      egress:
                      - name: lines
                        to: [{ipBlock: {cidr: %s/32}}]
                        ports: [{protocol: TCP, port: %d}]
                    """.formatted(LineService.ADDRESS, LineService.PORT));
            LineService.Flow flow = service.accept();
            assertThat(flow.ask("one")).isEqualTo("got one");
            AgentContainer before = fleet.await("adopted", AgentPhase.Running);
            ProcessHandle agent = fleet.processOf(before);

            ProcessHandle killed = nodeAgent.running();
            killed.destroyForcibly();
            killed.onExit().join();
            assertThat(flow.ask("two")).isEqualTo("got two");
            nodeAgent.start();
            fleet.awaitNewHeartbeat();

            assertThat(flow.ask("three")).isEqualTo("got three");
            AgentContainer after = fleet.get("adopted");
            assertThat(after.getStatus()).isEqualTo(before.getStatus());
            assertThat(fleet.processOf(after)).isEqualTo(agent);
            assertThat(TestFleet.condition(after, "PolicyEnforced").getStatus()).isEqualTo("True");
            flow.socket().close();
            assertThat(fleet.await("adopted", AgentPhase.Succeeded).getStatus().restarts())
                    .isIn(null, 0);
            fleet.delete("adopted");
        }
    }

    /** From policies at the API server to packets and requests, and back when one of them goes. */
    @Test
    void namesAndRequestsPassAsPoliciesSay() throws Exception {
        EgressPolicy pages = create("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: pages, namespace: %s}
                spec:
                  agentSelector: {matchLabels: {app: caller}}
                  egress:
                  - name: pages
                    to: [{domain: www.pages.example}]
                    ports: [{port: 8080}]
                    http: [{methods: [GET], paths: [/]}]
                """, EgressPolicy.class);
        create("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: caller, namespace: %s, labels: {app: caller}}
                spec:
                  isolation: {className: process}
                  command:
                  - python3
                  - -uc
                  - |
                    import time, urllib.error, urllib.request
                    def ask(url):
                        try:
                            return urllib.request.urlopen(url, timeout=20).status
                        except urllib.error.HTTPError as e:
                            return e.code
                        except OSError as e:
                            return "none"
                    # The site has one address, so that it is open for whatever passes once the name without http led there.
                    for url in ("www.pages.example:8080/", "www.pages.example:8080/other", "www.open.example:8080/",
                                "www.closed.example:8080/"):
                        print(url, ask("http://" + url))
                    while ask("http://www.pages.example:8080/") == 200:
                        time.sleep(0.2)
                    print("taken back", ask("http://www.open.example:8080/"))
                  network:
                    egress: [{name: open, to: [{domain: "*.open.example"}], ports: [{port: 8080}]}]
                """, AgentContainer.class);
        String asked = "www.pages.example:8080/ 200\nwww.pages.example:8080/other 403\nwww.open.example:8080/ 200\n"
                + "www.closed.example:8080/ none";
        fleet.await("caller", AgentPhase.Running);
        await("each was asked for")
                .atMost(PATIENCE)
                .until(() -> fleet.output("caller").contains("closed.example"));
        assertThat(fleet.output("caller")).isEqualTo(asked);
        assertThat(site.said()).contains("asked").doesNotContain("closed");

        fleet.client().resource(pages).delete();

        fleet.await("caller", AgentPhase.Succeeded);
        assertThat(fleet.output("caller")).isEqualTo(asked + "\ntaken back 200");
        fleet.delete("caller");
    }

    /** From a registry that wants a password, which the Secret has. */
    @Test
    void anAgentRunsFromItsImage() {
        String manifest = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: from-image, namespace: %%s}
                spec:
                  isolation: {minimum: Process}
                  image: %s
                  imagePullSecrets: [{name: login}]
                  args: [/bin/sh, -c, "cat /etc/made-for; id -u; ls -d /var/lib 2>&1; echo $FROM; sleep 3"]
                """.formatted(registry.image());
        create(manifest, AgentContainer.class);
        fleet.await("from-image", AgentPhase.Scheduled);
        create("""
                apiVersion: v1
                kind: Secret
                metadata: {name: login, namespace: %%s}
                type: kubernetes.io/dockerconfigjson
                stringData: {.dockerconfigjson: '{"auths": {"%s": {"username": "me", "password": "secret"}}}'}
                """.formatted(registry.host()), Secret.class);

        AgentContainer running = fleet.await("from-image", AgentPhase.Running);
        assertThat(running.getStatus().imageDigest()).isEqualTo(registry.digest());
        assertThat(running.getStatus().isolation().effective()).isEqualTo("container");
        assertThat(running.getStatus().isolation().strength()).isEqualTo(IsolationLevel.Container);
        fleet.await("from-image", AgentPhase.Succeeded);
        assertThat(fleet.output("from-image"))
                .startsWith("an agent\n1000\n")
                .contains("No such file")
                .endsWith("image");
        fleet.delete("from-image");
    }

    /** The node's own programs, and beside them the files of an image from a registry that wants a password. */
    @Test
    void anAgentHasAnImageMounted() {
        create("""
                apiVersion: v1
                kind: Secret
                metadata: {name: login-for-mounts, namespace: %%s}
                type: kubernetes.io/dockerconfigjson
                stringData: {.dockerconfigjson: '{"auths": {"%s": {"username": "me", "password": "secret"}}}'}
                """.formatted(registry.host()), Secret.class);
        create("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: with-image, namespace: %%s}
                spec:
                  isolation: {className: process}
                  imagePullSecrets: [{name: login-for-mounts}]
                  command: [/bin/sh, -c, "cat /data/etc/made-for; echo x > /data/etc/made-for || echo kept; sleep 3"]
                  filesystem: {mounts: [{path: /data, source: {image: {reference: '%s'}}}]}
                """.formatted(registry.image()), AgentContainer.class);

        AgentContainer running = fleet.await("with-image", AgentPhase.Running);
        assertThat(running.getStatus().imageDigest()).isNull();
        assertThat(running.getStatus().mountedImages())
                .containsExactly(new AgentContainerStatus.MountedImage("/data", registry.digest()));
        fleet.await("with-image", AgentPhase.Succeeded);
        // What the shell says of it comes by another pipe, and so before or behind.
        assertThat(fleet.output("with-image").lines()).contains("an agent", "kept");
        fleet.delete("with-image");
    }

    private static <T extends HasMetadata> T create(String manifest, Class<T> type) {
        return fleet.client()
                .resource(fleet.client()
                        .getKubernetesSerialization()
                        .unmarshal(manifest.formatted(TestFleet.NAMESPACE), type))
                .create();
    }
}
