package dev.agentcontainers.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Filesystem.EmptyDir;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.assignment.manifest.RunObjects;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What the flags of {@code agentctl run} stand for. */
@NullUnmarked
class RunFlagsTest {
    private static final Map<String, String> ENVIRONMENT = Map.of("HERE", "from here");

    @TempDir
    private Path folder;

    @Test
    void standForAManifest() throws IOException {
        Files.writeString(folder.resolve("main.py"), "print(1)\n");
        RunObjects objects = manifests(
                        List.of("/usr/bin/My_Agent.py", "--flag"),
                        "--allow=10.0.0.0/8:8000-8100",
                        "--mount=/w",
                        "--mount=/ro=workspace:ro",
                        "--mount=/disk=disk",
                        "--mount=/part=disk:32Mi",
                        "--mount=/memory=memory:1Mi",
                        "--ephemeral-storage=1Gi",
                        "--mount=/code=file:" + folder,
                        "--mount=/model=image:registry.example.org/team/model:3",
                        "--mount=/etc/ssh=denied",
                        "-e",
                        "A=b=c",
                        "-e",
                        "HERE",
                        "-l",
                        "app=x",
                        "--cpu=500m",
                        "--memory=64Mi",
                        "--deadline=9",
                        "-w/w")
                .objects();

        AgentContainer agent = objects.agent();
        AgentContainerSpec spec = agent.getSpec();
        assertThat(agent.getMetadata().getName()).isEqualTo("my-agent-py");
        assertThat(agent.getMetadata().getLabels()).containsEntry("app", "x");
        assertThat(spec.command()).containsExactly("/usr/bin/My_Agent.py", "--flag");
        assertThat(spec.isolation().className()).isEqualTo("process");
        assertThat(spec.env())
                .extracting(variable -> variable.name() + "=" + variable.value())
                .containsExactly("A=b=c", "HERE=from here");
        assertThat(spec.filesystem().mounts())
                .extracting(mount -> mount.access())
                .containsExactlyInAnyOrder(
                        MountAccess.ReadWrite,
                        MountAccess.ReadOnly,
                        MountAccess.ReadWrite,
                        MountAccess.ReadWrite,
                        MountAccess.ReadWrite,
                        MountAccess.ReadOnly,
                        MountAccess.ReadOnly,
                        MountAccess.Denied);
        assertThat(spec.filesystem().mounts().stream()
                        .filter(mount ->
                                mount.source() != null && mount.source().image() != null)
                        .map(mount ->
                                mount.path() + "=" + mount.source().image().reference()))
                .containsExactly("/model=registry.example.org/team/model:3");
        assertThat(spec.filesystem().mounts().stream()
                        .filter(mount -> mount.source() != null)
                        .map(mount -> mount.source().emptyDir()))
                .contains(
                        new EmptyDir(null, null),
                        new EmptyDir(null, new Quantity("32Mi")),
                        new EmptyDir("Memory", new Quantity("1Mi")));
        assertThat(spec.resources().limits().cpu()).isEqualTo(new Quantity("500m"));
        assertThat(spec.lifecycle().deadlineSeconds()).isEqualTo(9);
        assertThat(objects.configMaps()).hasSize(1);
        assertThat(objects.configMaps().getFirst().getData()).containsEntry("main.py", "print(1)\n");
        assertThat(objects.sources().missing()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            10.20.0.0/16:8080,           10.20.0.0/16,   TCP, 8080,
            10.20.30.40:443,             10.20.30.40/32, TCP, 443,
            10.20.30.40,                 10.20.30.40/32, ,    ,
            10.0.0.53:53/UDP,            10.0.0.53/32,   UDP, 53,
            10.0.0.53:53/udp,            10.0.0.53/32,   UDP, 53,
            10.0.0.0/8:8000-8100,        10.0.0.0/8,     TCP, 8000, 8100
            2001:db8::/32,               2001:db8::/32,  ,    ,
            2001:db8::1,                 2001:db8::1/128, ,   ,
            [2001:db8::/32]:443,         2001:db8::/32,  TCP, 443,
            [2001:db8::]/32:443,         2001:db8::/32,  TCP, 443,
            [2001:db8::1]:443-444/SCTP,  2001:db8::1/128, SCTP, 443, 444
            """)
    void allowReads(String text, String cidr, String protocol, Integer port, Integer end) {
        EgressFlag flag = EgressFlag.parse(text);

        assertThat(flag.cidr()).isEqualTo(cidr);
        assertThat(flag.ports().map(EgressFlag.Ports::protocol).orElse(null)).isEqualTo(protocol);
        assertThat(flag.ports().map(EgressFlag.Ports::port).orElse(null)).isEqualTo(port);
        assertThat(flag.ports().flatMap(EgressFlag.Ports::end).orElse(null)).isEqualTo(end);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --allow=example.org:443       | --allow 'example.org:443' must be an address or range
            --allow=10.0.0.1:http         | --allow '10.0.0.1:http' must be an address or range
            --allow=10.0.0.1/8:80         | spec.network.egress[0].to[0].ipBlock.cidr: must be a CIDR without host bits
            --allow=10.0.0.300:80         | spec.network.egress[0].to[0].ipBlock.cidr: must be a CIDR
            --allow=10.0.0.1:70000        | spec.network.egress[0].ports[0].port: Invalid value: 70000
            --allow=10.0.0.1:90-80        | spec.network.egress[0].ports[0]: endPort needs port and must not be smaller
            --mount=workspace             | spec.filesystem.mounts[0].path: must be an absolute path
            --mount=/proc/x               | spec.filesystem.mounts[0].path: must not be in /proc
            --mount=/w=/home/me           | the source must be workspace
            --mount=/w=file:              | the source must be workspace
            --mount=/w=file:/no/such      | --mount file:/no/such: there is no such file or folder
            --mount=/w=image:             | the source must be workspace
            --mount=/w=image:UPPER        | spec.filesystem.mounts[0].source.image.reference: must be [REGISTRY
            --mount=/w=memory             | the source must be workspace
            --mount=/w=memory:lots        | spec.filesystem.mounts[0].source.emptyDir.sizeLimit: must be a quantity greater than 0
            --mount=/w=disk:32Mi          | set resources.limits.ephemeral-storage too
            --env=NOT_THERE               | --env NOT_THERE: there is no such variable
            --env=1A=x                    | spec.env[0].name: Invalid value
            --memory=lots                 | spec.resources.limits.memory: must be a quantity greater than 0
            --cpu=0                       | spec.resources.limits.cpu: must be a quantity greater than 0
            --pids=0                      | spec.resources.limits.pids: Invalid value: 0
            --open-files=255              | spec.resources.limits.open-files: Invalid value: 255
            --disk-read-rate=1Ki          | spec.resources.limits.disk-read-rate: must be a quantity of at least 64Ki
            --network-egress-rate=1500    | spec.resources.limits.network-egress-rate: must be a quantity of at least 16Ki
            --network-ingress-rate=11G    | spec.resources.limits.network-ingress-rate: must not be more than 10G
            --name=My.Agent               | metadata.name: Invalid value
            --label=app=a b               | metadata.labels.app: Invalid value
            --image=Debian                | spec.image: must be [REGISTRY
            --image=https://a.example/b   | spec.image: must be [REGISTRY
            --pull=always                 | --pull goes with --image
            --workdir=here                | spec.workingDir: must be an absolute path
            --deadline=0                  | spec.lifecycle.deadlineSeconds: Invalid value: 0
            --grace-period=-1             | spec.lifecycle.terminationGracePeriodSeconds: Invalid value: -1
            """)
    void refusesWhatIsWrongNamingIt(String flag, String says) {
        assertThatThrownBy(() -> manifests(List.of("agent"), flag).objects())
                .isInstanceOf(UserException.class)
                .hasMessageContaining(says)
                .satisfies(failure ->
                        assertThat(((UserException) failure).exitCode()).isEqualTo(2));
    }

    @Test
    void anImageNeedsNoCommandAndIsIsolatedAsAContainer() {
        AgentContainer agent = manifests(List.of(), "--image=registry.example.org:5000/team/my.agent_2:1.4")
                .objects()
                .agent();

        assertThat(agent.getMetadata().getName()).isEqualTo("my-agent-2");
        assertThat(agent.getSpec().image()).isEqualTo("registry.example.org:5000/team/my.agent_2:1.4");
        assertThat(agent.getSpec().imagePullPolicy()).isNull();
        assertThat(agent.getSpec().command()).isNull();
        assertThat(agent.getSpec().isolation().className()).isEqualTo("container");
    }

    @ParameterizedTest
    @CsvSource({"always, Always", "missing, IfNotPresent", "NEVER, Never"})
    void aCommandRunsInTheImageAndPullSaysWhenTheRegistryIsAsked(String flag, ImagePullPolicy policy) {
        AgentContainer agent = manifests(
                        List.of("id", "-u"),
                        "--image=debian@sha256:" + "0".repeat(64),
                        "--pull",
                        flag,
                        "--isolation=own")
                .objects()
                .agent();

        assertThat(agent.getMetadata().getName()).isEqualTo("id");
        assertThat(agent.getSpec().command()).containsExactly("id", "-u");
        assertThat(agent.getSpec().imagePullPolicy()).isEqualTo(policy);
        assertThat(agent.getSpec().isolation().className()).isEqualTo("own");
    }

    @Test
    void refusesAFolderInAFolder() throws IOException {
        Files.createDirectories(folder.resolve("sub"));

        assertThatThrownBy(() -> manifests(List.of("agent"), "--mount=/code=file:" + folder))
                .hasMessageContaining("sub is not a file, and a ConfigMap has no folders");
    }

    @Test
    void readsFilesAndStandardInput() throws IOException {
        Path file = folder.resolve("agent.yaml");
        Files.writeString(file, """
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: a}
                spec: {isolation: {className: process}, command: [x], env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}
                """);
        String secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: v}}";

        RunObjects objects = GivenManifests.ofFiles(
                        "team",
                        List.of(file.toString(), "-"),
                        new ByteArrayInputStream(secret.getBytes(StandardCharsets.UTF_8)))
                .objects();

        assertThat(objects.agent().getMetadata().getNamespace()).isEqualTo("team");
        assertThat(objects.sources().missing()).isEmpty();
        assertThatThrownBy(() ->
                        GivenManifests.ofFiles("team", List.of("no-such.yaml"), new ByteArrayInputStream(new byte[0])))
                .hasMessageContaining("-f no-such.yaml: there is no such file");
    }

    private static GivenManifests manifests(List<String> command, String... arguments) {
        AgentFlags flags = new AgentFlags();
        List<String> words = new ArrayList<>(List.of(arguments));
        new CommandLine(CommandLine.Model.CommandSpec.create()
                        .addMixin("flags", CommandLine.Model.CommandSpec.forAnnotatedObject(flags)))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs(words.toArray(String[]::new));
        return GivenManifests.ofObjects("default", flags.objects("default", command, ENVIRONMENT));
    }
}
