package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Agents from images, with the real runtime over the kernel's own overlay. */
@Tag("node")
@Tag("runtime")
@Tag("one-driver")
@Timeout(120)
class ContainerIT {
    private static Path programs;

    @TempDir
    Path folder;

    private Path own;
    private TestNode node;
    private OciDriver driver;

    @BeforeAll
    static void copyPrograms(@TempDir Path shared) throws IOException, InterruptedException {
        TestNode.requireMachine();
        programs = HostPrograms.layer(
                shared.resolve("programs"),
                "sh",
                "cat",
                "id",
                "ls",
                "stat",
                "rm",
                "mkdir",
                "dd",
                "mount",
                "touch",
                "sleep",
                "ln");
    }

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start(HostRoot.DEFAULT, 0, OptionalLong.of(32 << 20));
        driver = node.driver().container();
        own = Files.createDirectory(folder.resolve("own"));
        file("etc/passwd", "root:x:0:0::/root:/bin/sh\nagent:x:1000:1001::/home/agent:/bin/sh\n");
        file("etc/group", "root:x:0:\nagent:x:1001:\nshared:x:50:agent\n");
        file("etc/release", "an image");
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    private void file(String path, String content) throws IOException {
        Path file = own.resolve(path);
        Files.createDirectories(file.getParent());
        Files.setPosixFilePermissions(file.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(file, content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    private void link(String path, String target) throws IOException {
        Files.createDirectories(own.resolve(path).getParent());
        Files.createSymbolicLink(own.resolve(path), Path.of(target));
    }

    private SandboxSpec spec(String user, String script, ResolvedMount... mounts) {
        return spec(TestNode.newId(), user, script, mounts);
    }

    private SandboxSpec spec(SandboxId id, String user, String script, ResolvedMount... mounts) {
        return new SandboxSpec(
                id,
                new SandboxRoot.Image(List.of(programs, own), user),
                "agent-host",
                Map.of(),
                List.of("/bin/sh", "-c", script),
                "/",
                Map.of(),
                ResourceAmounts.NONE,
                ResourceAmounts.NONE,
                List.of(mounts));
    }

    private String outputOf(SandboxSpec spec) throws Exception {
        ExitStatus exit = run(spec);
        String output = node.output(spec.id());
        assertThat(exit.code()).as(output).isZero();
        return output;
    }

    private ExitStatus run(SandboxSpec spec) throws Exception {
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        return driver.awaitExit(spec.id());
    }

    private SandboxException refusalOf(SandboxSpec spec) {
        SandboxException refusal = catchThrowableOfType(SandboxException.class, () -> run(spec));
        assertThat(refusal).isNotNull();
        return refusal;
    }

    @Test
    void aTrialRunShowsThatImagesCanBeRun() {
        assertThat(driver.probe()).isInstanceOfSatisfying(DriverProbe.Ready.class, ready -> {
            assertThat(ready.strength()).isEqualTo(IsolationLevel.Container);
            assertThat(ready.features()).contains("image").doesNotContain("host-root");
        });
        assertThat(node.driver().probe())
                .isInstanceOfSatisfying(
                        DriverProbe.Ready.class,
                        ready -> assertThat(ready.features())
                                .contains("host-root")
                                .doesNotContain("image"));
    }

    @Test
    void theAgentSeesTheImageAndNothingOfTheHost() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret-of-the-host"), "x");
        String output = outputOf(spec(
                "",
                "cat /etc/release; echo; ls /; ls /usr/bin/apt " + secret + " /var/lib/dpkg 2>&1;"
                        + " cat /etc/hostname /etc/hosts; echo home $HOME; id -u"));
        assertThat(output)
                .startsWith("an image")
                .contains("agent-host", "127.0.0.1 localhost", "home /root")
                .doesNotContain("\nboot\n")
                .endsWith("\n0");
        assertThat(output.split("No such file", -1)).hasSize(4);
    }

    @Test
    void whatTheAgentChangesIsItsOwnUntilItsRunEnds() throws Exception {
        ResolvedMount workspace = new ResolvedMount.Workspace("/workspace", true);
        String script =
                "ls /kept /workspace 2>/dev/null; echo new > /kept; echo more >> /etc/release; rm -r /etc/group;"
                        + " echo done > /workspace/file; cat /etc/release";
        SandboxSpec spec = spec("", script, workspace);

        assertThat(run(spec).code()).isZero();
        driver.remove(spec.id());
        assertThat(run(spec).code()).isZero();

        assertThat(node.output(spec.id())).isEqualTo("/workspace:\nan imagemore\n/workspace:\nfile\nan imagemore");
        assertThat(own.resolve("etc/release")).hasContent("an image");
        assertThat(own.resolve("etc/group")).exists();
    }

    /** It would write to the host's file otherwise, or to a file that another agent has. */
    @Test
    void linksOfTheImageLeadNowhereElse() throws Exception {
        Path target = Files.writeString(folder.resolve("target"), "of the host");
        link("etc/resolv.conf", target.toString());
        link("etc/hosts", "../../../../../../../../" + target);
        link("up", "../../../../../..");
        file("run/there", "");
        link("var/run", "/run");
        ResolvedMount files = new ResolvedMount.Files(
                "/var/run/secrets", Map.of("key", "of the agent".getBytes(StandardCharsets.UTF_8)), true);
        ResolvedMount throughUp = new ResolvedMount.Workspace("/up/work-of-agent", true);

        String output = outputOf(spec(
                "",
                "cat /etc/resolv.conf; cat /run/secrets/key; echo; ls -d /work-of-agent /up/work-of-agent; echo x > /work-of-agent/x; cat /etc/hosts",
                files,
                throughUp));

        assertThat(output)
                .startsWith("nameserver ")
                .contains("\nof the agent\n/up/work-of-agent\n/work-of-agent\n", "localhost");
        assertThat(target).hasContent("of the host");
        assertThat(Path.of("/work-of-agent")).doesNotExist();
    }

    @Test
    void programsRunAsTheImagesUser() throws Exception {
        ResolvedMount workspace = new ResolvedMount.Workspace("/workspace", true);
        ResolvedMount secret =
                new ResolvedMount.Files("/secret", Map.of("key", "value".getBytes(StandardCharsets.UTF_8)), true);
        String script = "id -u; id -g; id -G; echo $HOME; echo x > /workspace/x && cat /secret/key;"
                + " echo x > /etc/release || echo refused; sleep 300";
        SandboxSpec spec = spec("agent", script, workspace, secret);
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());

        org.awaitility.Awaitility.await().until(() -> node.output(spec.id()).contains("refused"));
        assertThat(node.output(spec.id()))
                .contains("1000\n1001\n")
                .contains("1001 50", "/home/agent")
                .contains("value");
        try (ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/id", "-u"), false, false))) {
            assertThat(new String(session.standardOutput().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("1000\n");
        }
        driver.kill(spec.id());
    }

    /** Its root may do with its own files what it likes, and has no power beyond. */
    @Test
    void rootOfAnImageHasNoPowers() throws Exception {
        Files.copy(programs.resolve("bin/id"), own.resolve("id-of-root"));
        Files.setPosixFilePermissions(own.resolve("id-of-root"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setAttribute(own.resolve("id-of-root"), "unix:mode", 04755);

        String output = outputOf(
                spec(
                        "agent",
                        "/id-of-root -u; mount -t tmpfs none /etc 2>&1; cat /proc/self/status; (echo x > /proc/sys/kernel/hostname) 2>/dev/null || echo kept"));

        assertThat(output)
                .startsWith("1000\n")
                .contains("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2")
                .endsWith("kept");
        String asRoot = outputOf(spec("0", "mount -t tmpfs none /etc 2>&1 || echo refused; cat /proc/self/uid_map"));
        assertThat(asRoot).contains("refused").doesNotContain("         0          0 ");
    }

    @Test
    void deniedPathsShowNothingOfTheImage() throws Exception {
        file("private/planted", "of the image");
        file("etc/token", "of the image");
        String output = outputOf(spec(
                "",
                "ls /private 2>&1; cat /etc/token 2>&1; rm -rf /private 2>&1; rm -f /etc/token; ls /etc/token 2>&1; true",
                new ResolvedMount.Denied("/private"),
                new ResolvedMount.Denied("/etc/token"),
                new ResolvedMount.Denied("/not/there")));
        assertThat(output).doesNotContain("planted", "of the image");
        assertThat(output).contains("'/private': Permission denied", "/etc/token: Permission denied");
    }

    /** An inner mount's place lies in what the agent wrote earlier. */
    @Test
    void aLinkThatTheAgentLeftInAWorkspaceIsNotFollowed() throws Exception {
        SandboxId id = TestNode.newId();
        ResolvedMount outer = new ResolvedMount.Workspace("/workspace", true);
        assertThat(run(spec(id, "", "ln -s /etc /workspace/in", outer)).code()).isZero();
        driver.remove(id);

        SandboxException refusal = refusalOf(spec(
                id,
                "",
                "true",
                outer,
                new ResolvedMount.Files("/workspace/in", Map.of("release", new byte[1]), false)));

        assertThat(refusal).hasMessageContaining("a link or file that the agent made there");
    }

    @Test
    void whatTheImageCannotHaveIsRefusedWithItsPath() throws Exception {
        file("data", "a file");
        link("loop", "loop");
        link("to-proc", "/proc");

        assertThat(refusalOf(spec("", "true", new ResolvedMount.Workspace("/data/space", true))))
                .hasMessageContaining("'/data/space'")
                .hasMessageContaining("/data, which is a file in the image")
                .extracting(SandboxException::kind)
                .isEqualTo(Kind.INVALID_SPEC);
        assertThat(refusalOf(spec("", "true", new ResolvedMount.Workspace("/loop/x", true))))
                .hasMessageContaining("links of the image");
        assertThat(refusalOf(spec("", "true", new ResolvedMount.Workspace("/to-proc/sys", true))))
                .hasMessageContaining("belongs to the kernel");
        assertThat(refusalOf(spec("nobody-here", "true"))).hasMessageContaining("'nobody-here'");
        assertThat(node.driver().list()).isNotEmpty();
        for (SandboxId id : driver.list()) {
            driver.purge(id);
        }
        assertThat(driver.list()).isEmpty();
    }

    @Test
    void eachDriverRefusesTheOthersAgents() {
        SandboxException host =
                catchThrowableOfType(SandboxException.class, () -> driver.prepare(TestNode.shell("true")));
        SandboxException image =
                catchThrowableOfType(SandboxException.class, () -> node.driver().prepare(spec("", "true")));
        assertThat(host.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(host).hasMessageContaining("spec.image");
        assertThat(image.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(image).hasMessageContaining("spec.image").hasMessageContaining("container");
    }

    /** 32 MiB are what this node lets agents without a limit write. */
    @Test
    void whatTheAgentWritesIsLimited() throws Exception {
        String output = outputOf(
                spec("", "dd if=/dev/zero of=/large bs=1048576 count=64 2>&1 || echo full; ls -l /large; rm /large"));
        assertThat(output).contains("No space left", "full");
    }

    @Test
    void aLayerThatIsGoneFailsTheCreationAndLeavesNothing() throws Exception {
        SandboxSpec whole = spec("", "true");
        SandboxSpec spec = new SandboxSpec(
                whole.id(),
                new SandboxRoot.Image(List.of(programs, folder.resolve("gone")), ""),
                whole.hostname(),
                Map.of(),
                whole.command(),
                "/",
                Map.of(),
                whole.limits(),
                whole.requests(),
                List.of());

        assertThat(refusalOf(spec))
                .hasMessageContaining("gone")
                .extracting(SandboxException::kind)
                .isEqualTo(Kind.TRANSIENT);

        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Absent.class);
        assertThat(run(whole).code()).isZero();
    }

    @Test
    void nothingIsLeftOfIt() throws Exception {
        SandboxSpec spec = spec("", "echo x > /x; mkdir -p /a/b/c");
        assertThat(run(spec).code()).isZero();
        driver.purge(spec.id());

        assertThat(driver.list()).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(spec.id().value());
        try (Stream<Path> left = Files.walk(node.settings().stateDirectory())) {
            assertThat(left.filter(path -> path.toString().contains(spec.id().value())))
                    .isEmpty();
        }
        assertThat(Files.exists(own.resolve("x"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    }
}
