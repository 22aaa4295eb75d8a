package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.image.TestImage;
import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.image.agent.ImageUse;
import dev.agentcontainers.nodeagent.image.agent.NodeImages;
import dev.agentcontainers.nodeagent.image.registry.RegistryClient;
import dev.agentcontainers.nodeagent.image.registry.RegistryCredentials;
import dev.agentcontainers.nodeagent.image.registry.TestRegistry;
import dev.agentcontainers.nodeagent.image.store.ImageStore;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import dev.agentcontainers.nodeagent.image.store.StoreLimits;
import dev.agentcontainers.nodeagent.linux.image.LayerUnpacker;
import dev.agentcontainers.nodeagent.linux.image.UnpackLimits;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Denied;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.ImageFiles;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An image from a registry, seen by real agents that want to do more than read it. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class ImageMountsIT {
    private static final int SET_USER_ID = 04755;

    private Path folder;
    private TestRegistry registry;
    private NodeImages images;
    private TestNode node;
    private final SandboxId id = TestNode.newId();
    private ImageFiles data;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
        folder = Files.createTempDirectory("agentcontainers-image-mounts");
        registry = new TestRegistry().with("team/data", "1", image());
        images = new NodeImages(
                ImageStore.open(
                        folder.resolve("images"),
                        new LayerUnpacker(UnpackLimits.DEFAULT),
                        new StoreLimits(2, 64 << 20, 0, 0, 1, Duration.ofMillis(1)),
                        Clock.systemUTC()),
                new RegistryClient(registry.settings()),
                TestImage.PLATFORM,
                new ImageSettings(folder.resolve("images"), registry.settings(), Optional.empty(), Optional.empty(), 0),
                "node");
        data = new ImageFiles("/data", got());
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
        if (images != null) {
            images.close();
            registry.close();
            DeepDeletion.delete(folder);
        }
    }

    private List<Path> got() throws Exception {
        return images.get(
                        ImageUse.mount(id, "/data"),
                        ImageReference.parse(registry.host() + "/team/data:1"),
                        PullPolicy.IF_NOT_PRESENT,
                        RegistryCredentials.NONE,
                        PullObserver.NONE)
                .layers();
    }

    private static TestImage image() throws Exception {
        byte[] idProgram =
                Files.readAllBytes(Program.find("id").orElseThrow().path().toRealPath());
        byte[] lower = new TestLayer()
                .directory("./", 0755)
                .directory("sub/", 0755)
                .file("sub/kept", "of the lower layer")
                .file("sub/gone", "of the lower layer")
                .file("file", "of the lower layer")
                .directory("open/", 0777)
                .link("out", "/etc/hostname")
                .link("up", "../../../../../../etc/hostname")
                .link("sideways", "sub")
                .entry("own", TarConstants.LF_NORMAL, "private".getBytes(UTF_8), entry -> {
                    entry.setMode(0600);
                    entry.setUserId(1000);
                    entry.setGroupId(1001);
                })
                .entry("raise", TarConstants.LF_NORMAL, idProgram, entry -> {
                    entry.setMode(SET_USER_ID);
                    entry.setUserId(1000);
                })
                .tar();
        byte[] upper = new TestLayer()
                .directory("./", 0755)
                .directory("sub/", 0755)
                .file("sub/.wh.gone", "")
                .file("file", "of the upper layer")
                .tar();
        return new TestImage()
                .layer(lower, TestLayer.gzip(lower))
                .layer(upper, TestLayer.gzip(upper))
                .built();
    }

    private SandboxSpec shell(String script, ResolvedMount... mounts) {
        return TestNode.spec(id, List.of("/bin/sh", "-c", script), ResourceAmounts.NONE, mounts);
    }

    private String outputOf(String script, ResolvedMount... mounts) throws Exception {
        return node.outputOf(shell(script, mounts));
    }

    private SandboxException refusalOf(ResolvedMount... mounts) {
        SandboxException refusal = catchThrowableOfType(SandboxException.class, () -> node.run(shell("true", mounts)));
        assertThat(refusal).isNotNull();
        return refusal;
    }

    @Test
    void itsLayersAreSeenOverEachOtherWithTheAgentsIds() throws Exception {
        assertThat(outputOf(
                        "cat /data/file; echo; cat /data/sub/kept; echo; ls /data/sub;"
                                + " stat -c '%u %g %a' /data /data/file /data/own",
                        data))
                .isEqualTo("of the upper layer\nof the lower layer\nkept\n0 0 755\n0 0 644\n1000 1001 600");
    }

    @Test
    void nothingOfItIsWrittenWhateverItsModes() throws Exception {
        Set<PosixFilePermission> modes =
                Files.getPosixFilePermissions(data.layers().getLast());
        assertThat(outputOf(
                        "(echo x > /data/new) 2>/dev/null || echo kept; (echo x > /data/file) 2>/dev/null || echo kept;"
                                + " (echo x > /data/open/new) 2>/dev/null || echo kept;"
                                + " rm -f /data/file 2>/dev/null || echo kept;"
                                // Over gVisor it says that it was done.
                                + " chmod 777 /data 2>/dev/null;"
                                + " mkdir /data/sub/new 2>/dev/null || echo kept; mv /data/file /data/other 2>/dev/null || echo kept;"
                                + " (mount -o remount,rw /data) 2>/dev/null || echo kept; (echo x > /data/new) 2>/dev/null || echo kept;"
                                + " (umount /data) 2>/dev/null || echo kept",
                        data))
                .isEqualTo("kept\n".repeat(8) + "kept");
        for (Path layer : data.layers()) {
            assertThat(layer.resolve("new")).doesNotExist();
            assertThat(layer.resolve("open/new")).doesNotExist();
        }
        assertThat(data.layers().getLast().resolve("file")).hasContent("of the upper layer");
        assertThat(Files.getPosixFilePermissions(data.layers().getLast())).isEqualTo(modes);
    }

    /** By the file's mode the program would run as user 1000. */
    @Test
    void aSetUserIdBitHasNoEffect() throws Exception {
        assertThat(outputOf("stat -c '%u %a' /data/raise; /data/raise -u; /data/raise -ru", data))
                .isEqualTo("1000 4755\n0\n0");
    }

    @Test
    @Tag("host-kernel")
    void isMountedWithoutWhatCouldRaiseRights() throws Exception {
        assertThat(outputOf(
                        "while read -r d place type options rest; do case $place in /data) echo ,$options,;; esac;"
                                + " done < /proc/mounts",
                        data))
                .contains(",ro,", ",nosuid,", ",nodev,")
                .doesNotContain(folder.toString());
    }

    @Test
    void itsLinksLeadInsideOfTheAgentOnly() throws Exception {
        assertThat(outputOf("cat /data/out; cat /data/up; cat /data/sideways/kept", data))
                .isEqualTo("agent-host\nagent-host\nof the lower layer");
    }

    @Test
    void oneMayBeMountedTwiceAndInAWorkspace() throws Exception {
        assertThat(outputOf(
                        "cat /data/file; echo; cat /work/in/file; echo; echo own > /work/own; cat /work/own",
                        data,
                        new Workspace("/work", true),
                        new ImageFiles("/work/in", data.layers())))
                .isEqualTo("of the upper layer\nof the upper layer\nown");
    }

    @Test
    void theMostSpecificPathWins() throws Exception {
        assertThat(outputOf(
                        "ls /data/open; echo own > /data/open/new; cat /data/open/new; ls /data/sub 2>/dev/null || echo denied;"
                                + " cat /data/file",
                        data,
                        new Workspace("/data/open", true),
                        new Denied("/data/sub"),
                        new Denied("/data/nothing")))
                .endsWith("own\ndenied\nof the upper layer");
        assertThat(data.layers().getFirst().resolve("open/new")).doesNotExist();
    }

    /** Nothing can be made in an image, and a link of it leads no mount elsewhere. */
    @Test
    void aMountInItNeedsADirectoryOfIt() {
        for (String path : List.of("/data/none", "/data/file", "/data/sideways", "/data/sideways/in", "/data/out")) {
            SandboxException refusal = refusalOf(data, new Workspace(path, true));
            assertThat(refusal.kind()).isEqualTo(Kind.INVALID_SPEC);
            assertThat(refusal)
                    .hasMessageContaining("spec.filesystem.mounts: path '" + path + "' stands in the image at '/data'");
        }
        assertThat(refusalOf(data, new Denied("/data/file"))).hasMessageContaining("a file or link is none");
    }

    @Test
    void anImageWithoutLayersIsAnEmptyDirectory() throws Exception {
        assertThat(outputOf(
                        "ls -A /data; (echo x > /data/new) 2>/dev/null || echo kept",
                        new ImageFiles("/data", List.of())))
                .isEqualTo("kept");
    }

    @Test
    void itIsKeptOverARestartOfTheNodeUntilItsAgentIsGone() throws Exception {
        SandboxSpec spec = shell("until cat /data/end 2>/dev/null; do sleep 0.2; done", data);
        node.begin(spec);
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();
        assertThat(data.layers()).allSatisfy(layer -> assertThat(layer).isDirectory());
        assertThat(images.of(ImageUse.mount(id, "/data")))
                .hasValueSatisfying(image -> assertThat(image.layers()).isEqualTo(data.layers()));

        node.driver().kill(id);
        node.driver().awaitExit(id);
        assertThat(images.relieve(Long.MAX_VALUE)).isEmpty();
        node.driver().purge(id);
        images.release(id);

        assertThat(images.relieve(Long.MAX_VALUE)).hasSize(1);
        assertThat(data.layers()).allSatisfy(layer -> assertThat(layer).doesNotExist());
        assertThatThrownBy(() -> node.run(shell("cat /data/file", data))).hasMessageContaining("open the layer");
    }
}
