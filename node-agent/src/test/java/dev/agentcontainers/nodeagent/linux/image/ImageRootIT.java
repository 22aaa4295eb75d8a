package dev.agentcontainers.nodeagent.linux.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.TestLayer;
import dev.agentcontainers.nodeagent.image.store.LayerFiles;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.UserNamespace;
import dev.agentcontainers.nodeagent.linux.process.ChildProcess;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.process.SpawnRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the kernel's own overlay, as root, in mount namespaces that end with the test. */
@Tag("node")
class ImageRootIT {
    private static final IdRange IDS = new IdRange(700_000_000, IdRange.PER_SANDBOX);
    private static final int OWN = 700_000_000;

    @TempDir
    Path folder;

    private final OverlayCalls calls = OverlayCalls.ofThisMachine();
    private final List<Path> layers = new ArrayList<>();

    @BeforeEach
    void asRoot() throws IOException, InterruptedException {
        LayerSupport.assume(folder);
        for (String namespace : List.of("--user", "--mount")) {
            Optional<Program> unshare = Program.find("unshare");
            assumeTrue(
                    unshare.isPresent()
                            && unshare.get()
                                            .run(Duration.ofSeconds(20), List.of(namespace, "/bin/true"))
                                            .code()
                                    == 0,
                    "unshare " + namespace + " does not work here");
        }
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
        assumeOverlay();
        letThrough();
    }

    /** By the kernel's calls alone: an error of {@link ImageRoot} must not look like a kernel that can't do it. */
    private void assumeOverlay() throws IOException {
        Path tried = Files.createDirectory(folder.resolve("tried"));
        Path lower = Files.createDirectory(tried.resolve("lower"));
        Path mapped = Files.createDirectory(tried.resolve("mapped"));
        Path upper = Files.createDirectory(tried.resolve("upper"));
        Path work = Files.createDirectory(tried.resolve("work"));
        Path target = Files.createDirectory(tried.resolve("target"));
        try (UserNamespace users =
                        UserNamespace.of(ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine(), IDS, folder);
                IdMapping mapping = IdMapping.of(calls, users)) {
            int answer = new MountNamespace(Mounts.ofThisMachine()).inNew(() -> {
                int mount = calls.cloneMount(lower.toString());
                if (mount < 0) {
                    return mount;
                }
                int restricted = calls.restrict(mount, OverlayCalls.ID_MAPPED, mapping.descriptor());
                int placed = restricted < 0 ? restricted : calls.place(mount, mapped.toString());
                calls.close(mount);
                return placed < 0
                        ? placed
                        : calls.mountOverlay(
                                target.toString(), "lowerdir=" + mapped + ",upperdir=" + upper + ",workdir=" + work);
            });
            assumeTrue(
                    answer >= 0,
                    () -> "an overlay with id-mapped layers does not work here: "
                            + LinuxNamespaceCalls.describe(-answer));
        } finally {
            DeepDeletion.delete(tried);
        }
    }

    /** The agent's ids have to get to its root. */
    private void letThrough() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @AfterEach
    void clean() throws IOException {
        DeepDeletion.delete(folder);
        Files.createDirectory(folder);
    }

    private void layer(TestLayer archive) throws IOException {
        Path layer = Files.createDirectories(folder.resolve("store/" + layers.size()));
        new LayerUnpacker(UnpackLimits.DEFAULT)
                .unpack(new ByteArrayInputStream(archive.tar()), layer, new LayerFiles.Taking() {
                    @Override
                    public void content(long bytes) {}

                    @Override
                    public void file() {}
                });
        layers.add(layer);
    }

    private Path root() {
        return folder.resolve("root");
    }

    private <T> T mounted(Callable<T> work) throws IOException {
        ImageRoot.Places places = new ImageRoot.Places(
                Files.createDirectory(folder.resolve("layers")),
                Files.createDirectory(folder.resolve("changes")),
                Files.createDirectory(root()));
        Mounts mounts = Mounts.ofThisMachine();
        try (UserNamespace users =
                        UserNamespace.of(ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine(), IDS, folder);
                IdMapping mapping = IdMapping.of(calls, users)) {
            return new MountNamespace(mounts).inNew(() -> {
                new ImageRoot(calls).mount(layers, mapping, IDS, places);
                return work.call();
            });
        }
    }

    private static int id(Path path, String kind) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:" + kind);
    }

    /** @return its exit code */
    private static int run(String... command) throws IOException {
        ProcessCalls processes = ProcessCalls.ofThisMachine();
        int pid = processes.spawn(new SpawnRequest(
                command[0],
                List.of(command).subList(1, command.length),
                Map.of("PATH", "/usr/bin:/bin"),
                Map.of(),
                false));
        return new ChildProcess(processes, DescriptorCalls.ofThisMachine(), pid, command[0])
                .await(Duration.ofSeconds(20));
    }

    private int runAs(int user, String script) throws IOException {
        return run(
                "/usr/bin/setpriv",
                "--reuid=" + user,
                "--regid=" + user,
                "--clear-groups",
                "/bin/sh",
                "-c",
                "cd '" + root() + "' && { " + script + "; } 2>/dev/null");
    }

    private void twoLayers() throws IOException {
        layer(new TestLayer()
                .directory("./", 0755)
                .directory("etc/", 0755)
                .file("etc/kept", "lower")
                .file("etc/gone", "lower")
                .file("etc/replaced", "lower")
                .directory("hidden/", 0755)
                .file("hidden/old", "lower")
                .entry("own", TarConstants.LF_NORMAL, "lower".getBytes(UTF_8), entry -> {
                    entry.setMode(04700);
                    entry.setUserId(1000);
                    entry.setGroupId(1001);
                }));
        layer(new TestLayer()
                .directory("./", 0751)
                .directory("etc/", 0755)
                .file("etc/.wh.gone", "")
                .file("etc/replaced", "upper")
                .directory("hidden/", 0755)
                .file("hidden/.wh..wh..opq", "")
                .file("hidden/new", "upper"));
    }

    @Test
    void layersAreSeenOverEachOtherWithTheAgentsIds() throws IOException {
        twoLayers();

        mounted(() -> {
            assertThat(root().resolve("etc/kept")).hasContent("lower");
            assertThat(root().resolve("etc/replaced")).hasContent("upper");
            assertThat(root().resolve("etc").toFile().list()).containsExactlyInAnyOrder("kept", "replaced");
            assertThat(root().resolve("hidden").toFile().list()).containsExactly("new");
            assertThat(id(root().resolve("etc/kept"), "uid")).isEqualTo(OWN);
            assertThat(id(root().resolve("own"), "uid")).isEqualTo(OWN + 1000);
            assertThat(id(root().resolve("own"), "gid")).isEqualTo(OWN + 1001);
            assertThat(id(root(), "uid")).isEqualTo(OWN);
            assertThat(id(root(), "mode") & 07777).isEqualTo(0751);
            return true;
        });
    }

    @Test
    void whatTheAgentChangesIsItsOwn() throws IOException {
        twoLayers();

        mounted(() -> {
            assertThat(runAs(OWN, "echo changed > etc/kept && rm etc/replaced && mkdir new && rm -r hidden"))
                    .isZero();
            assertThat(runAs(OWN + 1000, "echo mine > own")).isZero();
            assertThat(root().resolve("etc/kept")).hasContent("changed");
            assertThat(root().resolve("etc/replaced")).doesNotExist();
            assertThat(root().resolve("hidden")).doesNotExist();
            return true;
        });

        assertThat(layers.getFirst().resolve("etc/kept")).hasContent("lower");
        assertThat(layers.getLast().resolve("etc/replaced")).hasContent("upper");
        assertThat(layers.getFirst().resolve("own")).hasContent("lower");
        assertThat(id(folder.resolve("changes/upper/etc/kept"), "uid")).isEqualTo(OWN);
        assertThat(id(folder.resolve("changes/upper/own"), "uid")).isEqualTo(OWN + 1000);
        assertThat(root().toFile().list()).isEmpty();
    }

    /** Nobody but the agent's ids: neither the host's root by its number, nor another agent. */
    @Test
    void anotherAgentsIdsAreStrangers() throws IOException {
        twoLayers();

        mounted(() -> {
            assertThat(runAs(OWN + 65_536, "cat etc/kept")).isZero();
            assertThat(runAs(OWN + 65_536, "echo x > etc/kept")).isNotZero();
            assertThat(runAs(1000, "echo x > own")).isNotZero();
            assertThat(runAs(OWN + 1, "cat own")).isNotZero();
            assertThat(runAs(OWN + 1000, "cat own")).isZero();
            return true;
        });
    }

    @Test
    void anImageMayHaveALayerTwiceOrNone() throws IOException {
        twoLayers();
        layers.add(layers.getFirst());
        mounted(() -> {
            assertThat(root().resolve("etc/gone")).hasContent("lower");
            assertThat(root().resolve("etc/replaced")).hasContent("lower");
            return true;
        });
        clean();
        letThrough();
        layers.clear();

        mounted(() -> {
            assertThat(root().toFile().list()).isEmpty();
            assertThat(runAs(OWN, "echo x > y")).isZero();
            return true;
        });
    }

    @Test
    void anImageMayHaveAsManyLayersAsItsManifest() throws IOException {
        for (int i = 0; i < 128; i++) {
            layer(new TestLayer().file("file", Integer.toString(i)).file("file" + i, ""));
        }

        mounted(() -> {
            assertThat(root().resolve("file")).hasContent("127");
            assertThat(root().toFile().list()).hasSize(129);
            return true;
        });
    }

    @Test
    void aDirectoryThatOptionsCannotNameIsRefused() throws IOException {
        Path odd = Files.createDirectory(folder.resolve("a,b"));
        try (UserNamespace users =
                        UserNamespace.of(ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine(), IDS, folder);
                IdMapping mapping = IdMapping.of(calls, users)) {
            assertThatThrownBy(() -> new MountNamespace(Mounts.ofThisMachine()).inNew(() -> {
                        new ImageRoot(calls)
                                .mount(
                                        List.of(),
                                        mapping,
                                        IDS,
                                        new ImageRoot.Places(Files.createDirectory(odd.resolve("layers")), odd, odd));
                        return true;
                    }))
                    .hasMessageContaining("a,b");
        }
    }
}
