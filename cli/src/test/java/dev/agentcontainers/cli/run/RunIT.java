package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.cli.demo.DemoService;
import dev.agentcontainers.cli.demo.NamedSite;
import dev.agentcontainers.cli.registry.ImageServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code agentctl run} by root on the real machine; nothing of any run is left after it. */
@Tag("node")
class RunIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Says "port N open" or "port N closed" for each port of an address. */
    private static final String CONNECT = """
            import socket, sys
            for port in sys.argv[2:]:
                s = socket.socket(); s.settimeout(3)
                try:
                    s.connect((sys.argv[1], int(port))); print("port", port, "open")
                except OSError:
                    print("port", port, "closed")
            """;

    private static final DemoService SERVICE = new DemoService("runit", "198.51.100.40", "198.51.100.39");

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheMachineClean() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        assertThat(StandaloneTraces.found()).isEmpty();
    }

    @AfterEach
    void leavesNothing() {
        assertThat(StandaloneTraces.found()).isEmpty();
    }

    @Test
    void givesBothStreamsApartAndTheExitCode() throws Exception {
        AgentctlProcess run =
                AgentctlProcess.run(folder, "sh", "-c", "echo out; echo err >&2; printf 'no end of line'; exit 7");

        assertThat(run.await()).isEqualTo(7);
        assertThat(run.output()).isEqualTo("out\nno end of line");
        // A slow machine says beside it what it waits for.
        assertThat(run.errorOutput().replaceAll("agentctl: still .*\n", "")).isEqualTo("err\n");
    }

    @Test
    void passesAllOfAMegabyteOn() throws Exception {
        AgentctlProcess run = AgentctlProcess.run(folder, "sh", "-c", "seq 1 150000");

        assertThat(run.await()).isZero();
        assertThat(run.output().lines()).hasSize(150_000).endsWith("150000");
    }

    @Test
    void showsOutputAsItComesAndStopsOnInterrupt() throws Exception {
        AgentctlProcess run = AgentctlProcess.run(
                folder, "--", "sh", "-c", "trap 'echo bye; exit 5' TERM; printf ready; while :; do sleep 0.1; done");
        run.awaitOutput("ready");
        assertThat(run.isAlive()).isTrue();

        run.signal("INT");

        assertThat(run.await()).isEqualTo(5);
        assertThat(run.output()).isEqualTo("readybye\n");
    }

    @Test
    void killsAfterTheGracePeriod() throws Exception {
        AgentctlProcess run = AgentctlProcess.run(folder, "--grace-period", "1", "sh", "-c", "echo ready; sleep 1000");
        run.awaitOutput("ready\n");

        run.signal("TERM");

        assertThat(run.await()).isEqualTo(137);
    }

    @Test
    void killsAtOnceOnASecondInterrupt() throws Exception {
        AgentctlProcess run =
                AgentctlProcess.run(folder, "-v", "--grace-period", "3600", "sh", "-c", "echo ready; sleep 1000");
        run.awaitOutput("ready\n");
        run.signal("INT");
        await().atMost(PATIENCE).until(() -> run.errorOutput().contains("stopping"));

        run.signal("INT");

        assertThat(run.await()).isEqualTo(137);
    }

    @Test
    void removesWhatAKilledRunLeft() throws Exception {
        AgentctlProcess killed =
                AgentctlProcess.run(folder, "--mount", "/w", "sh", "-c", "echo x > /w/x; echo ready; sleep 1000");
        killed.awaitOutput("ready\n");
        killed.signal("KILL");
        killed.await();
        // Killed, it can't clean up: its agent runs on behind its fence.
        assertThat(StandaloneTraces.found()).isNotEmpty();

        assertThat(AgentctlProcess.run(folder, "true").await()).isZero();

        assertThat(StandaloneTraces.found()).isEmpty();
    }

    @Test
    void twoRunsDoNotDisturbEachOther() throws Exception {
        AgentctlProcess first =
                AgentctlProcess.run(folder, "sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done");
        first.awaitOutput("ready\n");
        AgentctlProcess second =
                AgentctlProcess.run(folder, "sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.1; done");
        second.awaitOutput("ready\n");
        assertThat(StandaloneTraces.fences()).hasSize(2);

        first.signal("INT");
        assertThat(first.await()).isEqualTo(3);
        assertThat(second.isAlive()).isTrue();
        assertThat(StandaloneTraces.fences()).hasSize(1);
        second.signal("INT");
        assertThat(second.await()).isEqualTo(4);
    }

    @Test
    void reachesWhatIsAllowedAndNothingElse() throws Exception {
        try (NamedSite _ = NamedSite.start(SERVICE, folder)) {
            AgentctlProcess none = AgentctlProcess.run(folder, "python3", "-c", CONNECT, SERVICE.address(), "8080");
            AgentctlProcess one = AgentctlProcess.run(
                    folder,
                    "--allow",
                    SERVICE.address() + ":8080",
                    "--",
                    "python3",
                    "-c",
                    CONNECT,
                    SERVICE.address(),
                    "8080",
                    "8081");
            AgentctlProcess other = AgentctlProcess.run(
                    folder,
                    "--allow",
                    SERVICE.address() + ":8081",
                    "--",
                    "python3",
                    "-c",
                    CONNECT,
                    SERVICE.address(),
                    "8080");

            assertThat(none.await()).isZero();
            assertThat(none.output()).isEqualTo("port 8080 closed\n");
            assertThat(none.errorOutput())
                    .contains(
                            "denied: TCP to " + SERVICE.address() + ":8080: no rule of the agent's policies allows it")
                    .containsPattern("[1-9][0-9]* packets of the agent were denied");
            assertThat(one.errorOutput()).contains(":8081: no rule").doesNotContain(":8080: no rule");
            assertThat(one.await()).isZero();
            assertThat(one.output()).isEqualTo("port 8080 open\nport 8081 closed\n");
            assertThat(other.await()).isZero();
            assertThat(other.output()).isEqualTo("port 8080 closed\n");
        }
    }

    @Test
    void obeysTheNetworkPoliciesOfItsFile() throws Exception {
        try (NamedSite _ = NamedSite.start(SERVICE, folder)) {
            String manifests = """
                    apiVersion: agentcontainers.dev/v1alpha1
                    kind: AgentContainer
                    metadata: {name: caller, labels: {app: caller}}
                    spec:
                      isolation: {className: process}
                      command: [python3, /opt/code/connect.py, "%1$s", "8080", "8081"]
                      filesystem: {mounts: [{path: /opt/code, source: {configMap: {name: code}}}]}
                    ---
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: code}
                    data:
                      connect.py: |
                    %2$s
                    ---
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: {name: allows}
                    spec:
                      podSelector: {matchLabels: {app: caller}}
                      policyTypes: [Egress]
                      egress: [{to: [{ipBlock: {cidr: "%1$s/32"}}], ports: [{port: 8080}]}]
                    """.formatted(SERVICE.address(), CONNECT.indent(4));
            AgentctlProcess selected = AgentctlProcess.run(folder, "-f", write("selected.yaml", manifests));
            AgentctlProcess other = AgentctlProcess.run(
                    folder, "-f", write("other.yaml", manifests.replace("labels: {app: caller}", "labels: {app: x}")));

            assertThat(selected.await()).isZero();
            assertThat(selected.output()).isEqualTo("port 8080 open\nport 8081 closed\n");
            assertThat(other.await()).isZero();
            assertThat(other.output()).isEqualTo("port 8080 closed\nport 8081 closed\n");
        }
    }

    /** Asked for at once: the first question waits for the resolver's process rather than failing. */
    @Test
    void resolvesAndReachesTheNamesThatItsManifestAllows() throws Exception {
        try (NamedSite site = NamedSite.start(SERVICE, folder)) {
            String manifest = """
                        apiVersion: agentcontainers.dev/v1alpha1
                        kind: AgentContainer
                        metadata: {name: caller}
                        spec:
                          isolation: {className: process}
                          command:
                          - python3
                          - -c
                          - |
                            import socket, urllib.request
                            print(urllib.request.urlopen("http://www.service.example:8080/", timeout=20).status)
                            for name, port in (("www.service.example", 8081), ("www.other.example", 8080)):
                                try:
                                    socket.create_connection((name, port), 5); print("open")
                                except socket.gaierror:
                                    print("not resolved")
                                except OSError:
                                    print("closed")
                          network:
                            egress: [{name: service, to: [{domain: "*.service.example"}], ports: [{port: 8080}]}]
                        """;
            AgentctlProcess run =
                    AgentctlProcess.run(folder, "--dns-upstream", site.upstream(), "-f", write("named.yaml", manifest));

            assertThat(run.await()).as(run.errorOutput()).isZero();
            assertThat(run.output()).isEqualTo("200\nclosed\nnot resolved\n");
            assertThat(site.said()).contains("asked").doesNotContain("other");
        }
    }

    @Test
    void theExampleWithProbesBecomesAvailable() throws Exception {
        Path example = Path.of(System.getProperty("project.root"), "examples/probes/agent.yaml");
        AgentctlProcess run = AgentctlProcess.run(folder, "-v", "-f", example.toString());
        run.awaitOutput("serving\n");
        await().atMost(PATIENCE).until(() -> run.errorOutput().contains("agentctl: available"));
        assertThat(run.errorOutput())
                .contains("not available yet: startup probe has not succeeded yet")
                .doesNotContain("stopped: ");

        run.signal("INT");

        assertThat(run.await()).isEqualTo(137);
        assertThat(run.errorOutput()).containsOnlyOnce("agentctl: used ").contains(" s of processor time, at most ");
    }

    @Test
    void theExampleWithRoomToWorkInFillsItWithoutHarm() throws Exception {
        Path example = Path.of(System.getProperty("project.root"), "examples/scratch/agent.yaml");
        AgentctlProcess run = AgentctlProcess.run(folder, "-f", example.toString());

        assertThat(run.await()).as(run.errorOutput()).isZero();
        assertThat(run.output()).isEqualTo("No space left on device\n".repeat(3) + "/cache\n/scratch\n");
    }

    @Test
    void refusesAFolderOfTheMachine() throws Exception {
        String manifest = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: reader}
                spec:
                  isolation: {className: process}
                  command: [cat, /data/hosts]
                  filesystem: {mounts: [{path: /data, source: {hostPath: {path: /srv}}}]}
                """;
        AgentctlProcess run = AgentctlProcess.run(folder, "-f", write("reader.yaml", manifest));

        assertThat(run.await()).isNotZero();
        assertThat(run.errorOutput())
                .contains("spec.filesystem.mounts: hostPath of '/data': '/srv' is in no folder of this node's");
    }

    @Test
    void directoriesOfFlagsAreEmptyAndCanBeWrittenTo() throws Exception {
        AgentctlProcess run = AgentctlProcess.run(
                folder,
                "--ephemeral-storage=64Mi",
                "--mount=/disk=disk",
                "--mount=/part=disk:20Mi",
                "--mount=/memory=memory:1Mi",
                "--",
                "sh",
                "-c",
                "for place in /disk /part /memory; do ls $place; echo $place > $place/x && cat $place/x; done");

        assertThat(run.await()).as(run.errorOutput()).isZero();
        assertThat(run.output()).isEqualTo("/disk\n/part\n/memory\n");
    }

    @Test
    void saysWhyAProbeStoppedTheAgent() throws Exception {
        String manifest = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: hangs}
                spec:
                  isolation: {className: process}
                  command: [sleep, "1000"]
                  probes:
                    liveness: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1}
                """;
        AgentctlProcess run = AgentctlProcess.run(folder, "-f", write("hangs.yaml", manifest));

        assertThat(run.await()).isEqualTo(137);
        assertThat(run.errorOutput())
                .contains("liveness probe failed: port 8080 of the agent can't be reached", "exit code 137");
    }

    @Test
    void mountsConfigMapsSecretsAndAWorkspace() throws Exception {
        String agent = """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: reader}
                spec:
                  isolation: {className: process}
                  workingDir: /workspace
                  command: [sh, -c, 'cat /c/a /s/t; echo $TOKEN $NAME; echo kept > f; cat f; touch /c/x || exit 9']
                  env:
                  - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: t}}}
                  - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
                  filesystem:
                    mounts:
                    - {path: /workspace, access: ReadWrite, source: {workspace: {}}}
                    - {path: /c, source: {configMap: {name: c}}}
                    - {path: /s, source: {secret: {secretName: s}}}
                """;
        String objects = """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "from a map\\n"}}
                ---
                {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {t: hush}}
                """;
        AgentctlProcess run = AgentctlProcess.start(
                new AgentctlProcess.Launch(List.of(), System.getProperty("java.class.path"), Map.of(), objects),
                folder,
                List.of("run", "-f", write("a.yaml", agent), "-f", "-"));

        assertThat(run.await()).isEqualTo(9);
        assertThat(run.output()).isEqualTo("from a map\nhushhush reader\nkept\n");
        assertThat(run.errorOutput()).contains("the workspace /workspace is removed when the run ends");
    }

    @Test
    void flagsMountFilesAndTheFolderOfTheUserIsNotSeen() throws Exception {
        Path code = Files.createDirectory(folder.resolve("code"));
        Files.writeString(code.resolve("a.txt"), "a\n");
        Files.write(code.resolve("b.bin"), new byte[] {(byte) 0xff, 0, 1});
        AgentctlProcess run = AgentctlProcess.run(
                folder,
                "--mount=/opt/code=file:code",
                "--mount=/etc/hostname=denied",
                "-e",
                "A=b c",
                "-w",
                "/opt/code",
                "sh",
                "-c",
                "cat a.txt; od -An -tx1 b.bin; echo $A; cat /etc/hostname || echo denied; ls " + folder
                        + " || echo unseen");

        assertThat(run.await()).isZero();
        assertThat(run.output()).isEqualTo("a\n ff 00 01\nb c\ndenied\nunseen\n");
    }

    @Test
    void runsAnImageAsItsUserAndKeepsNothingOfTheRun() throws Exception {
        try (ImageServer registry = ImageServer.start(folder)) {
            String registries =
                    registry.registries(folder.resolve("registries.yaml")).toString();
            AgentctlProcess own = AgentctlProcess.run(folder, "--registries", registries, "--image", registry.image());
            assertThat(own.await()).as(own.errorOutput()).isZero();
            assertThat(own.output()).isEqualTo("an agent\n");
            assertThat(own.errorOutput()).contains("pulling " + registry.image());

            AgentctlProcess other = AgentctlProcess.run(
                    folder,
                    "--registries",
                    registries,
                    "--pull",
                    "never",
                    "--image",
                    registry.image() + "@" + registry.digest(),
                    "--mount",
                    "/workspace",
                    "--",
                    "sh",
                    "-c",
                    "id -u; echo $FROM; echo x > /workspace/x && ls /workspace; ls /usr/bin/python3 /var/lib");
            assertThat(other.await()).isEqualTo(2);
            assertThat(other.output()).isEqualTo("1000\nimage\nx\n");

            AgentctlProcess missing = AgentctlProcess.run(
                    folder, "--registries", registries, "--image", registry.host() + "/team/other:1");
            assertThat(missing.await()).isEqualTo(125);
            assertThat(missing.errorOutput()).contains("team/other");
        }
    }

    @Test
    void mountsAnImageThatNothingCanBeWrittenTo() throws Exception {
        try (ImageServer registry = ImageServer.start(folder)) {
            String registries =
                    registry.registries(folder.resolve("registries.yaml")).toString();
            AgentctlProcess run = AgentctlProcess.run(
                    folder,
                    "--registries",
                    registries,
                    "--mount",
                    "/data=image:" + registry.image(),
                    "--",
                    "sh",
                    "-c",
                    "cat /data/etc/made-for; (echo x > /data/etc/made-for) 2>/dev/null || echo kept;"
                            + " id -u; echo ${FROM:-nothing of the image}");
            assertThat(run.await()).as(run.errorOutput()).isZero();
            assertThat(run.output()).isEqualTo("an agent\nkept\n0\nnothing of the image\n");
            assertThat(run.errorOutput()).contains("pulling " + registry.image());

            AgentctlProcess missing = AgentctlProcess.run(
                    folder,
                    "--registries",
                    registries,
                    "--mount",
                    "/data=image:" + registry.host() + "/team/other:1",
                    "--",
                    "true");
            assertThat(missing.await()).isEqualTo(125);
            assertThat(missing.errorOutput()).contains("image of '/data': ").contains("team/other");
        }
        assertThat(StandaloneTraces.found()).isEmpty();
    }

    /** Or nothing would ever make room of that image. */
    @Test
    void aKilledRunHasNoImageOnceTheNextIsThere() throws Exception {
        try (ImageServer registry = ImageServer.start(folder)) {
            AgentctlProcess killed = AgentctlProcess.run(
                    folder,
                    "--registries",
                    registry.registries(folder.resolve("registries.yaml")).toString(),
                    "--image",
                    registry.image(),
                    "--",
                    "sh",
                    "-c",
                    "echo ready; sleep 1000");
            killed.awaitOutput("ready\n");
            killed.signal("KILL");
            killed.await();
            assertThat(StandaloneTraces.found()).anyMatch(trace -> trace.contains("/images/uses/standalone-"));

            assertThat(AgentctlProcess.run(folder, "true").await()).isZero();

            assertThat(StandaloneTraces.found()).isEmpty();
        }
    }

    @Test
    void enforcesLimits() throws Exception {
        AgentctlProcess memory =
                AgentctlProcess.run(folder, "--memory", "48Mi", "python3", "-c", "x = b'x' * (256 << 20)");
        AgentctlProcess processes =
                AgentctlProcess.run(folder, "--pids", "8", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done");
        AgentctlProcess time = AgentctlProcess.run(folder, "--deadline", "1", "--grace-period", "0", "sleep", "1000");

        assertThat(memory.await()).isEqualTo(137);
        assertThat(memory.errorOutput()).contains("spec.resources.limits.memory");
        assertThat(processes.await()).isNotZero();
        assertThat(processes.errorOutput()).containsIgnoringCase("fork");
        assertThat(time.await()).isEqualTo(137);
        assertThat(time.errorOutput()).contains("spec.lifecycle.deadlineSeconds have passed");
    }

    @Test
    void saysWhyAnAgentCouldNotBeRun() throws Exception {
        AgentctlProcess run = AgentctlProcess.run(folder, "no-such-program");

        assertThat(run.await()).isEqualTo(RunCommand.NOT_RUN);
        assertThat(run.errorOutput()).contains("no-such-program", "not found");
    }

    private String write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.writeString(file, text);
        return file.toString();
    }
}
