package dev.agentcontainers.nodeagent.supervisor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.signature.TestSigner;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Agents with mounts of images, over real HTTP and a real store; what is run is a fake. */
@Timeout(60)
class MountedImagesTest {
    @TempDir
    Path folder;

    private final TestRegistry registry = new TestRegistry();
    private final TestImage model = image("model");
    private final TestImage tools = image("tools");
    private Optional<Path> signatures = Optional.empty();
    private NodeImages images;
    private TestNode node;

    private static TestImage image(String content) {
        byte[] layer = new TestLayer().file("content", content).tar();
        return new TestImage()
                .layer(layer, TestLayer.gzip(layer))
                .running(Map.of("Entrypoint", List.of("/ep")))
                .built();
    }

    @BeforeEach
    void start() throws Exception {
        registry.with("team/model", "3", model).with("team/tools", "1", tools);
        node = new TestNode(folder.resolve("journal"));
        open(1);
    }

    private void open(long revision, Assignment... assignments) throws Exception {
        StoreLimits limits = new StoreLimits(2, 1 << 20, 0, 0, 1, Duration.ofMillis(1));
        images = new NodeImages(
                ImageStore.open(folder.resolve("images"), new WholeArchives(), limits, Clock.systemUTC()),
                new RegistryClient(registry.settings()),
                TestImage.PLATFORM,
                new ImageSettings(folder.resolve("images"), registry.settings(), Optional.empty(), signatures, 0),
                "node");
        node.images = images;
        node.up().policy(revision, 5, TestNode.GROUP);
        if (assignments.length > 0) {
            node.run(assignments);
        }
    }

    private void restartNode(Assignment... assignments) throws Exception {
        node.crash();
        images.close();
        open(2, assignments);
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        images.close();
        registry.close();
    }

    private Mount.ImageFiles mount(String path, String image, PullPolicy policy, String... secrets) {
        return new Mount.ImageFiles(path, registry.host() + "/team/" + image, Optional.of(policy), List.of(secrets));
    }

    private Assignment agent(PullPolicy policy, String... secrets) {
        return Assignments.of("agent-1")
                .restart(RestartPolicy.Always)
                .mounting(
                        mount("/data/model", "model:3", policy, secrets),
                        mount("/opt/tools", "tools:1", policy, secrets))
                .assignment();
    }

    private static Map<String, String> digests(TestImage model, TestImage tools) {
        return Map.of(
                "/data/model",
                model.index().toString(),
                "/opt/tools",
                tools.index().toString());
    }

    private SandboxSpec prepared(Assignment assignment) {
        return node.machine.prepared(assignment.id()).orElseThrow();
    }

    @Test
    void anAgentOfTheNodesOwnProgramsSeesTheirLayersAndNothingElseOfThem() {
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT);
        node.run(assignment);

        AgentReport running = node.awaitPhase(assignment.id(), AssignmentPhase.Running);

        assertThat(running.imageDigest()).isEmpty();
        assertThat(running.mountedImages()).isEqualTo(digests(model, tools));
        assertThat(node.reports()).anySatisfy(report -> {
            assertThat(report.reason()).isEqualTo("Pulling");
            assertThat(report.message()).contains(registry.host() + "/team/model:3");
        });
        SandboxSpec spec = prepared(assignment);
        assertThat(spec.root()).isEqualTo(SandboxRoot.HOST);
        assertThat(spec.command()).containsExactly("/bin/agent");
        assertThat(spec.mounts())
                .hasSize(2)
                .allSatisfy(mount -> assertThat(mount)
                        .isInstanceOfSatisfying(
                                ResolvedMount.ImageFiles.class,
                                files -> assertThat(files.layers())
                                        .hasSize(1)
                                        .allSatisfy(layer -> assertThat(layer).isDirectory())));
        assertThat(layersAt(spec, "/data/model")).isNotEqualTo(layersAt(spec, "/opt/tools"));
    }

    private static List<Path> layersAt(SandboxSpec spec, String path) {
        return spec.mounts().stream()
                .filter(mount -> mount.path().equals(path))
                .map(mount -> ((ResolvedMount.ImageFiles) mount).layers())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anAgentFromAnImageHasItBesideItsOwn() {
        TestImage own = image("own");
        registry.with("team/agent", "1", own);
        Assignment assignment = Assignments.of("agent-1")
                .image(registry.host() + "/team/agent:1", PullPolicy.IF_NOT_PRESENT)
                .mounting(mount("/data/model", "model:3", PullPolicy.IF_NOT_PRESENT))
                .assignment();
        node.run(assignment);

        AgentReport running = node.awaitPhase(assignment.id(), AssignmentPhase.Running);

        assertThat(running.imageDigest()).hasValue(own.index().toString());
        assertThat(running.mountedImages())
                .isEqualTo(Map.of("/data/model", model.index().toString()));
        assertThat(prepared(assignment).command()).containsExactly("/ep");
    }

    /** A tag that moves would otherwise give a restart other content, and a registry's failure would keep it from it. */
    @Test
    void aRestartHasTheSameContentWhateverTheTagsMeanByThen() throws Exception {
        Assignment assignment = agent(PullPolicy.ALWAYS);
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        List<Path> layers = layersAt(prepared(assignment), "/data/model");
        registry.with("team/model", "3", image("another model"));
        int asked = registry.asked.size();

        restartNode(assignment);
        startsAgain(assignment, 2);

        assertThat(node.awaitPhase(assignment.id(), AssignmentPhase.Running).mountedImages())
                .isEqualTo(digests(model, tools));
        assertThat(layersAt(prepared(assignment), "/data/model")).isEqualTo(layers);
        assertThat(registry.asked).hasSize(asked);
    }

    /** Also where a part of it is lost: it is the agent's content that is got again, and not the tag's. */
    @Test
    void contentThatLostALayerIsGotAgain() throws Exception {
        Assignment assignment = agent(PullPolicy.ALWAYS);
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        registry.with("team/model", "3", image("another model"));
        try (Stream<Path> all = Files.list(folder.resolve("images/layers"))) {
            for (Path each : all.toList()) {
                new WholeArchives().delete(each);
            }
        }

        startsAgain(assignment, 2);

        assertThat(node.awaitPhase(assignment.id(), AssignmentPhase.Running).mountedImages())
                .isEqualTo(digests(model, tools));
        assertThat(layersAt(prepared(assignment), "/data/model"))
                .allSatisfy(layer -> assertThat(layer.resolve("archive")).exists());
    }

    /** What the agent had can't be known any more: another content could be mounted in its place. */
    @Test
    void aDamagedRecordOfWhatIsMountedKeepsTheAgentFromItsRestart() throws Exception {
        Assignment assignment = agent(PullPolicy.ALWAYS);
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        try (Stream<Path> all = Files.list(folder.resolve("images/uses"))) {
            for (Path each : all.toList()) {
                Files.writeString(each, "{");
            }
        }

        restartNode(assignment);
        node.machine.exit(assignment.id(), 1);

        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.latest(assignment.id())
                    .filter(report -> report.reason().equals("PullFailed")
                            && report.message().contains("image of '/data/model': "))
                    .isPresent();
        });
        assertThat(node.machine.starts(assignment.id())).isEqualTo(1);
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();
    }

    private void startsAgain(Assignment assignment, int starts) {
        node.machine.exit(assignment.id(), 1);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == starts;
        });
    }

    @Test
    void theyAreHeldForAsLongAsTheirAgentIsThereAlsoOverARestartOfTheNode() throws Exception {
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT);
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();

        restartNode(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        assertThat(images.holders()).containsExactly(assignment.id());
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();

        node.remove(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Stopped);
        assertThat(images.holders()).isEmpty();
        assertThat(images.relieve(Long.MAX_VALUE)).hasSize(2);
    }

    /** By the rules of each start. */
    @Test
    void whatIsNotSignedIsNotMounted() throws Exception {
        TestSigner team = TestSigner.p256();
        signatures = Optional.of(
                Files.writeString(folder.resolve("signatures.yaml"), team.rules(registry.host() + "/team/*")));
        restartNode();
        sign(team, "team/model", model.index());
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT);
        node.run(assignment);

        assertThat(node.awaitReason(assignment.id(), "SignatureFailed").message())
                .contains("spec.filesystem.mounts: image of '/opt/tools': ")
                .contains(registry.host() + "/team/tools:1@" + tools.index());
        assertThat(node.machine.starts(assignment.id())).isZero();

        sign(team, "team/tools", tools.index());
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 1;
        });

        Files.writeString(signatures.orElseThrow(), TestSigner.p256().rules(registry.host() + "/team/*"));
        node.machine.exit(assignment.id(), 1);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.latest(assignment.id())
                    .filter(report -> report.reason().equals("SignatureFailed"))
                    .isPresent();
        });
        assertThat(node.machine.starts(assignment.id())).isEqualTo(1);
    }

    private void sign(TestSigner signer, String repository, Digest digest) {
        TestSigner.Entry entry = signer.entry(TestSigner.payload(registry.host() + "/" + repository, digest));
        registry.give("/v2/" + repository + "/blobs/" + Digest.of(entry.payload()), entry.payload());
        registry.give("/v2/" + repository + "/manifests/" + TestSigner.tag(digest), TestSigner.list(List.of(entry)));
    }

    @Test
    void aPasswordComesFromTheAgentsSecret() {
        registry.password = Optional.of("user:pass");
        Assignment assignment = agent(PullPolicy.ALWAYS, "copy");
        node.run(assignment);
        assertThat(node.awaitReason(assignment.id(), "PullFailed").message())
                .isEqualTo("spec.imagePullSecrets: a Secret is missing");

        node.secrets.put(
                "copy",
                Map.of(
                        ".dockerconfigjson",
                        ("{\"auths\": {\"" + registry.host() + "\": {\"username\": \"user\", \"password\": \"pass\"}}}")
                                .getBytes(UTF_8)));
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 1;
        });
    }

    @Test
    void whatNoRegistryCouldHaveEndsTheAgentAndNamesTheMount() {
        Assignment assignment = Assignments.of("agent-1")
                .mounting(mount("/data/model", "UPPER", PullPolicy.ALWAYS))
                .assignment();
        node.run(assignment);

        AgentReport failed = node.awaitPhase(assignment.id(), AssignmentPhase.Failed);
        assertThat(failed.reason()).isEqualTo("PullFailed");
        assertThat(failed.message())
                .startsWith("spec.filesystem.mounts: image of '/data/model': ")
                .contains("UPPER");
    }
}
