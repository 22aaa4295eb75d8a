package dev.agentcontainers.nodeagent.image.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.image.store.WholeArchives;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that is removed, with a store that others have too. */
class NodeUsesTest {
    private static final String NODE = "standalone-1";
    private static final StoreLimits LIMITS = new StoreLimits(3, 64 << 20, 0, 0, 3, Duration.ofMillis(1));
    private static final SandboxId AGENT = new SandboxId("c3d0f2a4-0000-4000-8000-000000000001");
    private static final byte[] LAYER = new TestLayer().file("a", "content").tar();

    @TempDir
    private Path folder;

    private final TestRegistry registry = new TestRegistry()
            .with(
                    "team/agent",
                    "1",
                    new TestImage().layer(LAYER, TestLayer.gzip(LAYER)).built());
    private Path images;
    private NodeUses uses;
    private ImageStore store;

    @BeforeEach
    void open() throws Exception {
        images = folder.resolve("images");
        uses = new NodeUses(folder.resolve("state"), NODE);
        store = ImageStore.open(images, new WholeArchives(), LIMITS, Clock.systemUTC());
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        registry.close();
    }

    private ImageReference image() {
        return ImageReference.parse(registry.host() + "/team/agent:1");
    }

    /** As a node does, which is not closed: it was killed. */
    private NodeImages run(String node) throws Exception {
        ImageSettings settings = new ImageSettings(
                images, registry.settings(), Optional.empty(), Optional.empty(), ImageSettings.FREE_PERCENT);
        NodeImages held =
                new NodeImages(store, new RegistryClient(registry.settings()), TestImage.PLATFORM, settings, node);
        held.get(ImageUse.root(AGENT), image(), PullPolicy.IF_NOT_PRESENT, RegistryCredentials.NONE, PullObserver.NONE);
        return held;
    }

    @Test
    void aNodeThatWasKilledKeepsNoImageOnceItIsRemoved() throws Exception {
        uses.in(images);
        NodeImages killed = run(NODE);
        assertThat(killed.holders()).containsExactly(AGENT);
        assertThat(store.relieve(Long.MAX_VALUE)).isEmpty();

        assertThat(uses.release()).containsExactly(NODE + "_" + AGENT.value());

        assertThat(killed.holders()).isEmpty();
        assertThat(store.relieve(Long.MAX_VALUE)).containsExactly(image());
        assertThat(images.resolve("layers")).isEmptyDirectory();
        assertThat(uses.release()).isEmpty();
    }

    @Test
    void whatAnAgentMountsIsItsUseToo() throws Exception {
        NodeImages held = run(NODE);
        ImageUse mount = ImageUse.mount(AGENT, "/data/of/the agent");
        held.get(mount, image(), PullPolicy.IF_NOT_PRESENT, RegistryCredentials.NONE, PullObserver.NONE);
        assertThat(held.of(mount)).isPresent();
        assertThat(held.of(ImageUse.mount(AGENT, "/data"))).isEmpty();
        assertThat(held.holders()).containsExactly(AGENT);
        assertThat(store.userNames()).hasSize(2);

        held.release(new SandboxId(AGENT.value().substring(0, 8)));
        assertThat(held.holders()).containsExactly(AGENT);

        held.release(AGENT);
        assertThat(held.holders()).isEmpty();
        assertThat(store.userNames()).isEmpty();
        assertThat(store.relieve(Long.MAX_VALUE)).containsExactly(image());
    }

    /** Names of which one begins as the other does. */
    @Test
    void anotherNodesUsesStay() throws Exception {
        uses.in(images);
        NodeImages other = run("standalone-10");
        run(NODE);

        uses.release();

        assertThat(other.holders()).containsExactly(AGENT);
        assertThat(store.relieve(Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void whatABrokenWriteLeftGoesToo() throws Exception {
        uses.in(images);
        Path draft = Files.writeString(images.resolve("uses").resolve(NODE + "_x.draft"), "{");

        uses.release();

        assertThat(draft).doesNotExist();
    }

    @Test
    void allDirectoriesThatTheNodeEverUsedAreGoneThrough() throws Exception {
        Path earlier = folder.resolve("earlier");
        Path usual = NodeUses.usualDirectory(folder.resolve("state"));
        for (Path directory : List.of(earlier, usual)) {
            Files.createDirectories(directory.resolve("uses"));
            Files.createFile(directory.resolve("uses").resolve(NODE + "_x"));
        }
        uses.in(earlier);
        uses.in(images);
        run(NODE);

        assertThat(uses.release()).hasSize(3);
    }

    /** Most nodes of a machine have never had an image. */
    @Test
    void aNodeWithoutImagesHasNothingToRelease() throws Exception {
        assertThat(uses.release()).isEmpty();
        uses.in(NodeUses.usualDirectory(folder.resolve("state")));
        assertThat(folder.resolve("state")).doesNotExist();
        uses.in(folder.resolve("never-made"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("state"))))
                .isEqualTo("rwx------");
        assertThat(uses.release()).isEmpty();
    }

    /** As a loss of power may leave it: nothing is looked for below the directory that this process happens to be in. */
    @Test
    void aNoteThatIsNoPathIsPassedOver() throws Exception {
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(folder.resolve("state/image-directories"), "\nimages\n\0\0\n" + images + "\n");
        run(NODE);

        assertThat(uses.release()).hasSize(1);
    }
}
