package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountNamespace;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.HostDirectory;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Folders of the host in the hands of real agents. */
@Tag("node")
@Tag("runtime")
@Timeout(120)
class HostMountsIT {
    private Path host;
    private Path given;
    private Path writable;
    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        TestNode.requireMachine();
        host = Files.createTempDirectory("agentcontainers-host-mounts");
        given = directory("given", "rwxr-xr-x");
        writable = directory("writable", "rwxrwxrwx");
        file(given.resolve("file"), "of the host", "rw-r--r--");
        file(given.resolve("secret"), "of root", "rw-------");
        file(host.resolve("outside"), "outside", "rw-r--r--");
        node = TestNode.start(
                HostRoot.DEFAULT.giving(
                        HostFolders.of(List.of(given.toString(), writable + ":rw", host + "/link", host + "/none"))),
                0);
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
        DeepDeletion.delete(host);
    }

    private Path directory(String name, String mode) throws Exception {
        Path made = Files.createDirectory(host.resolve(name));
        return Files.setPosixFilePermissions(made, PosixFilePermissions.fromString(mode));
    }

    private static void file(Path path, String content, String mode) throws Exception {
        Files.writeString(path, content + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static HostDirectory at(Path source, boolean writable) {
        return new HostDirectory("/data", source.toString(), writable);
    }

    private static SandboxSpec python(String script, ResolvedMount... mounts) {
        return TestNode.spec(TestNode.newId(), List.of("python3", "-c", script), ResourceAmounts.NONE, mounts);
    }

    private void refused(String says, ResolvedMount... mounts) {
        SandboxSpec spec = TestNode.shell("true", mounts);
        assertThatThrownBy(() -> {
                    node.driver().prepare(spec);
                    node.driver().create(spec);
                })
                .hasMessageContaining(says);
    }

    @Test
    void isReadAndNotWritten() throws Exception {
        assertThat(node.outputOf(TestNode.shell(
                        "cat /data/file; echo x > /data/new || echo kept; echo x > /data/file || echo kept",
                        at(given, false))))
                .startsWith("of the host")
                .contains("kept")
                .doesNotContain("x\n");
        assertThat(given.resolve("new")).doesNotExist();
        assertThat(given.resolve("file")).hasContent("of the host");
    }

    @Test
    void isReadOnlyEvenWhereItsModeLetsEverybodyWrite() throws Exception {
        assertThat(node.outputOf(TestNode.shell("echo x > /data/new || echo kept", at(writable, false))))
                .contains("kept");
        assertThat(writable.resolve("new")).doesNotExist();
    }

    /** Landlock keeps it from what its mounts would let it do now: the agent's own program, and an exec, which is none of its. */
    @Test
    @Tag("one-driver")
    void isNotWrittenWhereAMountFromOutsideWouldLetIt() throws Exception {
        String attack =
                "(echo x > /data/new; rm /data/kept; mkdir /data/made; mv /data/kept /data/moved) 2>&1; cat /data/kept";
        file(writable.resolve("kept"), "as it was", "rw-rw-rw-");
        SandboxSpec spec = TestNode.shell(
                "until [ -e /data/begin ]; do sleep 0.05; done; " + attack + "; echo done; exec sleep 1000",
                at(given, false));
        node.begin(spec);
        long agent = RunRecord.read(new SandboxFiles(node.settings(), spec.id()).record())
                .orElseThrow()
                .agent()
                .pid();
        Mounts mounts = Mounts.ofThisMachine();
        int folder = Shim.check("open " + writable, mounts.openDirectory(writable.toString()));
        int mount = Shim.check("clone " + writable, mounts.cloneMount(folder));
        new MountNamespace(mounts).inThatOf(agent, () -> Shim.check("mount", mounts.placeMount(mount, "/data")));
        mounts.close(mount);
        mounts.close(folder);

        file(writable.resolve("begin"), "", "rw-r--r--");
        await().until(() -> node.output(spec.id()).endsWith("done"));
        assertRefused(node.output(spec.id()));
        try (ExecSession exec =
                node.driver().exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", attack), false, false))) {
            assertRefused(new String(exec.standardOutput().readAllBytes(), UTF_8));
        }
        assertThat(writable).isDirectoryNotContaining("glob:**/{new,made,moved}");
        // The mounts alone would have let them.
        assertThat(HandedIn.outputOf(
                        node, spec.id(), host, List.of("/bin/sh", "-c", "echo x > /data/new && echo written")))
                .isEqualTo("written\n");
    }

    private static void assertRefused(String output) {
        assertThat(output).contains("Permission denied", "as it was").doesNotContain("Read-only");
    }

    /** On the host an agent is a user that nobody else is, so nothing that it makes there is root's. */
    @Test
    void whatTheAgentMakesBelongsToItsOwnUser() throws Exception {
        SandboxSpec spec = python("""
                import os
                open("/data/made", "w").write("by the agent")
                os.chmod("/data/made", 0o4755)
                """, at(writable, true));
        assertThat(node.run(spec).code()).isZero();
        assertThat((int) Files.getAttribute(writable.resolve("made"), "unix:uid"))
                .isGreaterThanOrEqualTo(300_000_000);
    }

    @Test
    void filesOfTheHostAreNobodysAndThoseOfRootAloneCantBeRead() throws Exception {
        SandboxSpec spec = python("""
                import os
                print(os.stat("/data/file").st_uid)
                try:
                    print(open("/data/secret").read())
                except PermissionError:
                    print("refused")
                """, at(given, false));
        assertThat(node.outputOf(spec)).isEqualTo("65534\nrefused");
    }

    /** Over gVisor the numbers of an empty device are its own's, which is nothing of the host's. */
    @Test
    @Tag("host-kernel")
    void devicesOfTheHostHaveNoEffect() throws Exception {
        assertThat(opened("1", "3")).isEqualTo("refused");
    }

    /** One that anybody could open by its mode, and that gVisor has none of (loop-control). */
    @Test
    void devicesThatOnlyTheHostHasAreNotOpened() throws Exception {
        assertThat(opened("10", "237")).isEqualTo("refused");
    }

    private String opened(String major, String minor) throws Exception {
        String device = given.resolve("device").toString();
        Process mknod = new ProcessBuilder("mknod", "-m", "666", device, "c", major, minor).start();
        assertThat(mknod.waitFor()).isZero();
        return node.outputOf(python("""
                import os
                try:
                    os.open("/data/device", os.O_RDONLY)
                    print("opened")
                except OSError:
                    print("refused")
                """, at(given, false)));
    }

    @Test
    @Tag("host-kernel")
    void isMountedWithoutWhatCouldRaiseRights() throws Exception {
        SandboxSpec spec = python("""
                for line in open("/proc/mounts"):
                    fields = line.split()
                    if fields[1] == "/data":
                        options = fields[3].split(",")
                        print("ro" in options, "nosuid" in options, "nodev" in options)
                """, at(given, false));
        assertThat(node.outputOf(spec)).isEqualTo("True True True");
    }

    @Test
    void aLinkInItLeadsNowhereOnTheHost() throws Exception {
        Files.createSymbolicLink(given.resolve("out"), host.resolve("outside"));
        Files.createSymbolicLink(given.resolve("up"), Path.of("../outside"));
        assertThat(node.outputOf(TestNode.shell("cat /data/out || cat /data/up || echo nothing", at(given, false))))
                .contains("nothing")
                .doesNotContain("outside\n");
    }

    @Test
    void aLinkOnTheWayIsNotFollowed() throws Exception {
        Path etc = Files.createSymbolicLink(given.resolve("etc"), Path.of("/etc"));
        refused("a link or another filesystem on the way", at(etc, false));
        refused("a link or another filesystem on the way", at(etc.resolve("ssl"), false));
    }

    @Test
    void anEntryOfTheListThatIsALinkIsNotFollowed() throws Exception {
        Path link = Files.createSymbolicLink(host.resolve("link"), Path.of("/etc"));
        refused("a link, or no directory?", at(link, false));
        refused("a link, or no directory?", at(link.resolve("ssl"), false));
    }

    @Test
    void whatIsNotOnTheListIsRefused() {
        refused(
                "agentcontainers.node.host-mounts names them, for example " + host + "/other",
                at(host.resolve("other"), false));
        refused("is in no folder of this node's", at(host, false));
        refused("without '.' and '..'", at(given.resolve("../outside"), false));
        refused("which agents may only read here", at(given, true));
        refused("no directory?", at(host.resolve("none"), false));
        refused("is there no such directory", at(given.resolve("none"), false));
        refused("is there no such directory", at(given.resolve("file"), false));
    }

    @Test
    void theNodeAgentsOwnFoldersAreRefused() throws Exception {
        Path state = node.settings().stateDirectory();
        Path above = Objects.requireNonNull(state.getParent());
        try (TestNode other = TestNode.at(
                state,
                node.settings().runDirectory(),
                HostRoot.DEFAULT.giving(HostFolders.of(List.of(above.toString()))))) {
            for (Path asked : List.of(above, state, state.resolve("sandboxes"))) {
                assertThatThrownBy(() -> other.driver().prepare(TestNode.shell("true", at(asked, false))))
                        .hasMessageContaining("which no agent gets");
            }
        }
    }

    @Test
    void noOtherMountStandsInOne() {
        refused("in which no mount can be", at(writable, true), new Workspace("/data/in", true));
        refused("in which no mount can be", at(writable, true), new ResolvedMount.Denied("/data/in"));
        assertThat(writable.resolve("in")).doesNotExist();
    }
}
