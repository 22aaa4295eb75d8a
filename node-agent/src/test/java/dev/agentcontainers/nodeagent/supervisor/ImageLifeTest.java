package dev.agentcontainers.nodeagent.supervisor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.AssignmentPhase;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
                ImageSettings.in(folder.resolve("images")),
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

        node.crash();
        images.close();
        images = open();
        node.images = images;
        node.up().policy(2, 5, TestNode.GROUP).run(assignment);
        node.machine.exit(assignment.id(), 1);
        await().until(() -> {
            node.pass(Duration.ofMinutes(10));
            return node.machine.starts(assignment.id()) == 2;
        });

        assertThat(node.awaitPhase(assignment.id(), AssignmentPhase.Running).imageDigest())
                .hasValue(first.index().toString());
        assertThat(registry.asked).hasSize(asked);
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
