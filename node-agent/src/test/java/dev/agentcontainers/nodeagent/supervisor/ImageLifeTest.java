package dev.agentcontainers.nodeagent.supervisor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.AgentImage;
import dev.agentcontainers.nodeagent.image.agent.AgentImages;
import dev.agentcontainers.nodeagent.image.agent.AwaitedImages;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.signature.TestSigner;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.journal.JournalEntry;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Agents from images over real HTTP and a real store; what is run is a fake. */
@Timeout(60)
class ImageLifeTest {
    private static final Map<String, Object> RUN = Map.of(
            "Entrypoint", List.of("/ep"),
            "Cmd", List.of("argument"),
            "Env", List.of("TASK=of image", "OTHER=of image"),
            "WorkingDir", "/home",
            "User", "agent");

    @TempDir
    Path folder;

    private final TestRegistry registry = new TestRegistry();
    private final TestImage first = image("first");
    private Optional<Path> credentials = Optional.empty();
    private Optional<Path> signatures = Optional.empty();
    private NodeImages images;
    private TestNode node;

    private static TestImage image(String content) {
        byte[] layer = new TestLayer().file("etc/release", content).tar();
        return new TestImage().layer(layer, TestLayer.gzip(layer)).running(RUN).built();
    }

    @BeforeEach
    void start() throws Exception {
        registry.with("team/agent", "1", first);
        images = open();
        node = new TestNode(folder.resolve("journal"));
        node.images = images;
        node.up().policy(1, 5, TestNode.GROUP);
    }

    private NodeImages open() throws Exception {
        StoreLimits limits = new StoreLimits(2, 1 << 20, 0, 0, 1, Duration.ofMillis(1));
        return new NodeImages(
                ImageStore.open(folder.resolve("images"), new WholeArchives(), limits, Clock.systemUTC()),
                new RegistryClient(registry.settings()),
                TestImage.PLATFORM,
                new ImageSettings(folder.resolve("images"), registry.settings(), credentials, signatures, 0),
                "node");
    }

    @AfterEach
    void close() throws Exception {
        node.close();
        images.close();
        registry.close();
    }

    private Assignments agent(PullPolicy policy, String... secrets) {
        return Assignments.of("agent-1").image(registry.host() + "/team/agent:1", policy, secrets);
    }

    private SandboxSpec prepared(Assignment assignment) {
        return node.machine.prepared(assignment.id()).orElseThrow();
    }

    @Test
    void anAgentRunsWhatItsImageSaysAndReportsItsDigest() {
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();

        node.run(assignment);

        AgentReport running = node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        assertThat(running.imageDigest()).hasValue(first.index().toString());
        assertThat(node.reports()).anySatisfy(report -> {
            assertThat(report.reason()).isEqualTo("Pulling");
            assertThat(report.message()).contains(registry.host() + "/team/agent:1");
        });
        SandboxSpec spec = prepared(assignment);
        assertThat(spec.command()).containsExactly("/ep", "argument");
        assertThat(spec.workingDirectory()).isEqualTo("/home");
        assertThat(spec.environment()).containsEntry("TASK", "x").containsEntry("OTHER", "of image");
        assertThat(spec.root()).isInstanceOfSatisfying(SandboxRoot.Image.class, root -> {
            assertThat(root.user()).isEqualTo("agent");
            assertThat(root.layers())
                    .hasSize(1)
                    .allSatisfy(layer -> assertThat(layer).isDirectory());
        });
    }

    /** A tag that moves would otherwise make one agent two, and a registry's failure would keep it from its restart. */
    @Test
    void aRestartIsOfTheSameImageWhateverItsTagMeansByThen() throws Exception {
        Assignment assignment =
                agent(PullPolicy.ALWAYS).restart(RestartPolicy.Always).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        registry.with("team/agent", "1", image("second"));
        int asked = registry.asked.size();

        restartNode(assignment);
        assertStartsAgainFromTheFirst(assignment);
        assertThat(registry.asked).hasSize(asked);
    }

    /** Also where its tag means something else by then: it is the agent's image that is got, and not the tag's. */
    @ParameterizedTest
    @CsvSource({"layers, ALWAYS", "layers, IF_NOT_PRESENT", "blobs, ALWAYS", "blobs, IF_NOT_PRESENT"})
    void anImageThatLostAPartIsGotAgainAfterARestart(String part, PullPolicy policy) throws Exception {
        Assignment assignment = agent(policy).restart(RestartPolicy.Always).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        registry.with("team/agent", "1", image("second"));
        lose(part);

        restartNode(assignment);
        assertStartsAgainFromTheFirst(assignment);
        assertLayersAreThere(assignment);
    }

    @Test
    void anImageThatLostALayerIsGotAgainWithTheNextStart() throws Exception {
        Assignment assignment =
                agent(PullPolicy.ALWAYS).restart(RestartPolicy.Always).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        registry.with("team/agent", "1", image("second"));
        lose("layers");

        assertStartsAgainFromTheFirst(assignment);
        assertLayersAreThere(assignment);
    }

    @Test
    void whatMayNotBePulledIsNotGotAgain() throws Exception {
        images.get(
                ImageUse.root(new SandboxId("other")),
                ImageReference.parse(registry.host() + "/team/agent:1"),
                PullPolicy.ALWAYS,
                RegistryCredentials.NONE,
                PullObserver.NONE);
        Assignment assignment =
                agent(PullPolicy.NEVER).restart(RestartPolicy.Always).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        lose("layers");
        int asked = registry.asked.size();

        restartNode(assignment);
        node.machine.exit(assignment.id(), 1);

        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.latest(assignment.id())
                    .filter(report -> report.message().contains("never to be pulled"))
                    .isPresent();
        });
        assertThat(node.machine.starts(assignment.id())).isEqualTo(1);
        assertThat(registry.asked).hasSize(asked);
        node.remove(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Stopped);
    }

    private void assertStartsAgainFromTheFirst(Assignment assignment) {
        node.machine.exit(assignment.id(), 1);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 2;
        });
        assertThat(node.awaitPhase(assignment.id(), AssignmentPhase.Running).imageDigest())
                .hasValue(first.index().toString());
    }

    private void assertLayersAreThere(Assignment assignment) {
        assertThat(prepared(assignment).root())
                .isInstanceOfSatisfying(
                        SandboxRoot.Image.class,
                        root -> assertThat(root.layers())
                                .allSatisfy(layer ->
                                        assertThat(layer.resolve("archive")).exists()));
    }

    private void lose(String part) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("images").resolve(part))) {
            for (Path each : all.toList()) {
                new WholeArchives().delete(each);
            }
        }
    }

    private void restartNode(Assignment... assignments) throws Exception {
        node.crash();
        images.close();
        images = open();
        node.images = images;
        node.up().policy(2, 5, TestNode.GROUP).run(assignments);
    }

    /** Nothing of it is unpacked either, and whoever asks is told why. */
    @Test
    void anUnsignedImageIsNeverStarted() throws Exception {
        TestSigner team = TestSigner.p256();
        askForSignatures(team);
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();
        node.run(assignment);

        assertThat(node.awaitReason(assignment.id(), "SignatureFailed").message())
                .contains(registry.host() + "/team/agent:1@" + first.index())
                .contains("signatures.yaml")
                .contains("[team]");
        assertThat(node.machine.prepared(assignment.id())).isEmpty();
        assertThat(folder.resolve("images/layers")).isEmptyDirectory();

        sign(team, first.index());
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 1;
        });
    }

    /** A key that leaked is taken out of the rules: what was signed by it ends with its run. */
    @Test
    void aRestartIsVerifiedAnewByTheRulesOfThen() throws Exception {
        TestSigner team = TestSigner.p256();
        TestSigner next = TestSigner.p256();
        askForSignatures(team);
        sign(team, first.index());
        Assignment assignment =
                agent(PullPolicy.IF_NOT_PRESENT).restart(RestartPolicy.Always).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        int asked = registry.asked.size();
        assertStartsAgainFromTheFirst(assignment);
        assertThat(registry.asked).hasSize(asked);

        Files.writeString(signatures.orElseThrow(), next.rules(registry.host() + "/team/*"));
        node.machine.exit(assignment.id(), 1);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.latest(assignment.id())
                    .filter(report -> report.reason().equals("SignatureFailed"))
                    .isPresent();
        });
        assertThat(node.machine.starts(assignment.id())).isEqualTo(2);

        sign(next, first.index());
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 3;
        });
    }

    /** What is pulled by rules that are others by the time it is to start from it. */
    @Test
    void rulesThatChangeDuringAPullDecideItsStart() throws Exception {
        TestSigner team = TestSigner.p256();
        TestSigner next = TestSigner.p256();
        askForSignatures(team);
        sign(team, first.index());
        node.close();
        node.images = new AskedImages(
                images, () -> {}, () -> write(signatures.orElseThrow(), next.rules(registry.host() + "/team/*")));
        node.up().policy(3, 5, TestNode.GROUP);
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();

        node.run(assignment);

        assertThat(node.awaitReason(assignment.id(), "SignatureFailed").message())
                .contains("by none of the rule's keys");
        assertThat(node.machine.starts(assignment.id())).isZero();
        sign(next, first.index());
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 1;
        });
    }

    private static void write(Path file, String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void askForSignatures(TestSigner by) throws Exception {
        signatures = Optional.of(
                Files.writeString(folder.resolve("signatures.yaml"), by.rules(registry.host() + "/team/*")));
        node.close();
        images.close();
        images = open();
        node.images = images;
        node.up().policy(2, 5, TestNode.GROUP);
    }

    private void sign(TestSigner signer, Digest digest) {
        TestSigner.Entry entry = signer.entry(TestSigner.payload(registry.host() + "/team/agent", digest));
        registry.give("/v2/team/agent/blobs/" + Digest.of(entry.payload()), entry.payload());
        registry.give("/v2/team/agent/manifests/" + TestSigner.tag(digest), TestSigner.list(List.of(entry)));
    }

    /** The file is read for a pull, and nothing of it is needed for what is here. */
    @Test
    void anImageThatIsHereNeedsNoCredentials() throws Exception {
        credentials = Optional.of(folder.resolve("none.json"));
        images.close();
        images = open();
        ImageReference reference = ImageReference.parse(registry.host() + "/team/agent:1");
        assertThatThrownBy(() -> get(reference, PullPolicy.IF_NOT_PRESENT))
                .hasMessageContaining("there is no file " + folder.resolve("none.json"));
        assertThat(registry.asked).isEmpty();

        Files.writeString(folder.resolve("none.json"), "{\"auths\": {}}");
        get(reference, PullPolicy.IF_NOT_PRESENT);
        Files.delete(folder.resolve("none.json"));

        get(reference, PullPolicy.IF_NOT_PRESENT);
        get(reference, PullPolicy.NEVER);
    }

    private void get(ImageReference reference, PullPolicy policy) throws Exception {
        SandboxId agent = new SandboxId("agent-" + UUID.randomUUID());
        images.get(ImageUse.root(agent), reference, policy, RegistryCredentials.NONE, PullObserver.NONE);
    }

    /** Virtual threads' carriers serve every agent's loop. */
    @Test
    void aPullHasAThreadOfItsOwn() {
        AtomicReference<Boolean> virtual = new AtomicReference<>();
        node.close();
        node.images =
                new AskedImages(images, () -> virtual.set(Thread.currentThread().isVirtual()), () -> {});
        node.up().policy(2, 5, TestNode.GROUP);
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();

        node.run(assignment);

        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        assertThat(virtual).hasValue(false);
    }

    /** A disk that is away concerns the agents that are on it. */
    @Test
    void agentsWithoutAnImageNeedNoStore() throws Exception {
        node.close();
        images.close();
        Files.writeString(folder.resolve("disk"), "no directory");
        ImageSettings settings = ImageSettings.in(folder.resolve("disk/images"));
        try (AwaitedImages awaited = AwaitedImages.start(
                () -> NodeImages.open(settings, new WholeArchives(), "node", Clock.systemUTC()),
                Duration.ofMillis(5))) {
            node.images = awaited;
            node.up().policy(2, 5, TestNode.GROUP);
            Assignment plain = Assignments.of("agent-2").assignment();
            Assignment wantsImage = agent(PullPolicy.IF_NOT_PRESENT).assignment();

            node.run(plain, wantsImage);
            node.awaitPhase(plain.id(), AssignmentPhase.Running);
            assertThat(node.awaitReason(wantsImage.id(), "PullFailed").message())
                    .contains("the store of images can't be opened");
            Assignment smaller = Assignments.of("agent-2")
                    .newer()
                    .limits(Assignments.amounts(500, 1 << 23))
                    .assignment();
            node.run(smaller, wantsImage);
            await().until(() -> node.journalled(plain.id())
                    .flatMap(JournalEntry::run)
                    .filter(run -> run.applied().equals(smaller))
                    .isPresent());
            node.remove(plain);
            node.awaitPhase(plain.id(), AssignmentPhase.Stopped);

            node.remove(wantsImage);
            Files.delete(folder.resolve("disk"));
            await().until(() -> {
                node.pass(Duration.ofMinutes(10));
                return node.latest(wantsImage.id())
                        .filter(report -> report.phase() == AssignmentPhase.Stopped)
                        .isPresent();
            });
        }
    }

    /** Tells of pulls. */
    private record AskedImages(AgentImages images, Runnable onGet, Runnable onGot) implements AgentImages {
        @Override
        public Optional<AgentImage> of(ImageUse use) throws IOException, InterruptedException {
            return images.of(use);
        }

        @Override
        public void requireSigned(ImageUse use) throws IOException, InterruptedException {
            images.requireSigned(use);
        }

        @Override
        public AgentImage get(
                ImageUse use,
                ImageReference reference,
                PullPolicy policy,
                RegistryCredentials credentials,
                PullObserver observer)
                throws IOException, InterruptedException {
            onGet.run();
            AgentImage got = images.get(use, reference, policy, credentials, observer);
            onGot.run();
            return got;
        }

        @Override
        public void release(SandboxId agent) throws IOException {
            images.release(agent);
        }

        @Override
        public Set<SandboxId> holders() throws IOException {
            return images.holders();
        }
    }

    @Test
    void aPullEndsWithItsAgentAndNothingIsHeld() throws Exception {
        registry.stalls = first.content.keySet().stream()
                .filter(digest -> !digest.equals(first.index()) && !digest.equals(first.manifest()))
                .map(Object::toString)
                .findFirst();
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();
        node.run(assignment);
        node.awaitReason(assignment.id(), "Pulling");
        await().until(() -> registry.countOf(registry.stalls.orElseThrow()) > 0);

        node.remove(assignment);

        node.awaitPhase(assignment.id(), AssignmentPhase.Stopped);
        assertThat(images.holders()).isEmpty();
        assertThat(node.machine.starts(assignment.id())).isZero();
    }

    @Test
    void anImageIsHeldForAsLongAsItsAgentIsThere() throws Exception {
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        assertThat(images.holders()).containsExactly(assignment.id());
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();

        node.remove(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Stopped);

        assertThat(images.holders()).isEmpty();
        assertThat(images.relieve(Long.MAX_VALUE)).hasSize(1);
    }

    @Test
    void whatCannotBeHadIsSaidAndTriedAgain() {
        Assignment assignment = Assignments.of("agent-1")
                .image(registry.host() + "/team/agent:2", PullPolicy.ALWAYS)
                .assignment();
        node.run(assignment);
        assertThat(node.awaitReason(assignment.id(), "PullFailed").message()).contains("team/agent");
        assertThat(node.machine.starts(assignment.id())).isZero();

        registry.with("team/agent", "2", first);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 1;
        });
    }

    @Test
    void aPasswordComesFromTheAgentsSecret() {
        registry.password = Optional.of("user:pass");
        Assignment assignment = agent(PullPolicy.ALWAYS, "copy").assignment();
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
    void whatNoRegistryCouldHaveEndsTheAgent() {
        Assignment assignment =
                Assignments.of("agent-1").image("UPPER/case", PullPolicy.ALWAYS).assignment();
        node.run(assignment);

        AgentReport failed = node.awaitPhase(assignment.id(), AssignmentPhase.Failed);
        assertThat(failed.reason()).isEqualTo("PullFailed");
        assertThat(failed.message()).startsWith("spec.image: ").contains("UPPER/case");
    }

    @Test
    void whatACrashLeftHeldIsReleased() throws Exception {
        Assignment assignment = agent(PullPolicy.IF_NOT_PRESENT).assignment();
        node.run(assignment);
        node.awaitPhase(assignment.id(), AssignmentPhase.Running);
        node.crash();
        node.close();
        Files.delete(folder.resolve("journal/sandboxes/" + assignment.id() + ".json"));

        node.up().policy(2, 5, TestNode.GROUP).run();

        await().until(() -> images.holders().isEmpty());
    }
}
