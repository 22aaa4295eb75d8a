package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.oci.MicroVmSettings.Accelerator;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.ExitStatus;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What agents in virtual machines have otherwise than others, with the real QEMU, whose processors are emulated. */
@Tag("node")
@Timeout(300)
class MicroVmIT {
    private static final long MIB = 1 << 20;

    private TestNode node;
    private OciDriver driver;

    @BeforeEach
    void startNode() throws Exception {
        TestNode.requireMachine();
        node = TestNode.withMicroVms(TestMicroVm.required());
        driver = node.driver().microVm();
    }

    @AfterEach
    void closeNode() throws Exception {
        if (node != null) {
            node.close();
        }
    }

    private static SandboxSpec shell(String script, ResolvedMount... mounts) {
        return shell(script, ResourceAmounts.NONE, mounts);
    }

    private static SandboxSpec shell(String script, ResourceAmounts limits, ResolvedMount... mounts) {
        return spec(List.of("/bin/sh", "-c", script), limits, mounts);
    }

    private static SandboxSpec spec(List<String> command, ResourceAmounts limits, ResolvedMount... mounts) {
        return new SandboxSpec(
                TestNode.newId(),
                new SandboxRoot.Image(List.of(HostPrograms.all()), ""),
                "agent-host",
                Map.of(),
                command,
                "/",
                Map.of("GREETING", "hello"),
                limits,
                limits,
                List.of(mounts));
    }

    private void begin(SandboxSpec spec) throws SandboxException {
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
    }

    private String outputOf(SandboxSpec spec) throws Exception {
        begin(spec);
        int code = driver.awaitExit(spec.id()).code();
        String output = node.output(spec.id());
        assertThat(code).as(output).isZero();
        return output;
    }

    private String exec(OciDriver which, SandboxSpec spec, String script) throws Exception {
        try (ExecSession session =
                which.exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", script), false, false))) {
            return new String(session.standardOutput().readAllBytes(), UTF_8);
        }
    }

    private List<Long> processesOnTheHost(SandboxSpec spec) throws IOException {
        String its = node.settings().cgroupParent() + "/" + spec.id().value();
        return Machine.groups(group -> group.endsWith(its)).stream()
                .flatMap(group -> {
                    try {
                        return Files.readAllLines(group.resolve("cgroup.procs")).stream();
                    } catch (IOException e) {
                        return Stream.empty();
                    }
                })
                .map(Long::valueOf)
                .distinct()
                .toList();
    }

    /** QEMU takes emulation for no boundary. */
    @Test
    void aMachineThatIsEmulatedCountsAsWhatIsAroundIt() {
        assertThat(driver.probe()).isInstanceOfSatisfying(DriverProbe.Ready.class, ready -> {
            assertThat(ready.strength()).isEqualTo(IsolationLevel.Container);
            assertThat(ready.notes()).anyMatch(note -> note.contains("micro-vm-accelerator is tcg"));
            assertThat(ready.features()).contains("image").doesNotContain("host-root", "session");
            assertThat(ready.version()).contains("QEMU", "emulating", "conmon");
        });
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        try (TestNode without = TestNode.withMicroVms(new MicroVmSettings(Path.of("/nonexistent"), Accelerator.TCG))) {
            assertThat(without.driver().microVm().probe())
                    .isInstanceOfSatisfying(
                            DriverProbe.NotReady.class,
                            notReady -> assertThat(notReady.reason())
                                    .contains("agentcontainers.node.micro-vm", "/nonexistent", "scripts/micro-vm"));
        }
    }

    @Test
    void theKernelIsItsOwnAndTheAgentHasNoPrivilegeThere() throws Exception {
        String host = Files.readAllLines(Path.of("/proc/sys/kernel/osrelease")).getFirst();
        String output = outputOf(
                shell(
                        "uname -r; hostname; echo $GREETING; id -u; grep -E 'Cap(Prm|Eff|Bnd)|NoNew' /proc/self/status;"
                                + " ls -A /dev; ls -A / ; (mknod /tmp/x c 1 1; mount -t tmpfs x /mnt; cat /dev/mem; unshare -U echo NAMESPACE) 2>&1; true"));
        assertThat(output)
                .doesNotContain(host)
                .contains("agent-host\nhello\n0\n")
                .contains("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1")
                .doesNotContain("NAMESPACE\n", "vport", "kmsg", "vda", "init\n", "modules\n")
                .contains("Operation not permitted");
    }

    /** The monitor and QEMU have the agent's ids and no others, and no privilege. */
    @Test
    void itsProcessesOnTheHostAreNobody() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        assertThat(exec(driver, spec, "echo up")).isEqualTo("up\n");
        List<Long> processes = processesOnTheHost(spec);
        assertThat(processes).hasSizeGreaterThan(1);
        for (long process : processes) {
            List<String> status = Files.readAllLines(Path.of("/proc/" + process + "/status"));
            assertThat(status)
                    .filteredOn(line -> line.startsWith("Uid:") || line.startsWith("Gid:"))
                    .hasSize(2)
                    .allSatisfy(line -> assertThat(line).matches("[UG]id:(\\t3\\d{8}){4}"));
            assertThat(status)
                    .contains(
                            "NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000");
        }
    }

    @Test
    void whatStandsInTheWorkspaceIsTheHostsAndTheAgents() throws Exception {
        SandboxSpec spec = shell(
                "cat /workspace/file; until grep -q new /workspace/file; do sleep 0.1; done; cat /workspace/file;"
                        + " echo made > /workspace/made; mkdir -p /workspace/d/e; ln -s made /workspace/link; ls -ln /workspace/made",
                new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        Path workspace = node.settings()
                .stateDirectory()
                .resolve("sandboxes/" + spec.id().value() + "/workspace/workspace");
        Path file = workspace.resolve("file");
        Files.writeString(file, "old\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        driver.start(spec.id());
        await().until(() -> node.output(spec.id()).contains("old"));
        Files.writeString(file, "new and longer\n");
        assertThat(driver.awaitExit(spec.id()).code()).isZero();
        assertThat(node.output(spec.id())).startsWith("old\nnew and longer\n").contains(" 0 0 ");
        assertThat(workspace.resolve("made")).hasContent("made\n");
        assertThat((int) Files.getAttribute(workspace.resolve("made"), "unix:uid"))
                .isGreaterThan(299_999_999);
        assertThat(Files.readSymbolicLink(workspace.resolve("link"))).hasToString("made");
    }

    /** Privileged or not: no capability of a machine's kernel is one of the host's. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsReadOnlyStaysSo(boolean everyCapability) throws Exception {
        OciDriver driver = everyCapability ? TestMicroVm.unconfined(node.settings()) : this.driver;
        ResolvedMount files = new ResolvedMount.Files("/opt/own", Map.of("file", "kept".getBytes(UTF_8)), false);
        ResolvedMount secrets = new ResolvedMount.Files("/secret", Map.of("file", "kept".getBytes(UTF_8)), true);
        SandboxSpec spec = shell(
                "for f in /opt/own/file /secret/file; do (mount -o remount,rw ${f%/*}; mount -o remount,bind,rw ${f%/*}) 2>&1;"
                        + " chmod 777 $f 2>&1; (echo x > $f) 2>&1; rm -f $f 2>&1; mv $f $f.2 2>&1; cat $f; echo; done;"
                        + " (mknod /workspace/disk b 254 0; mknod /workspace/null c 1 3) 2>&1; ls /workspace; true",
                files, secrets, new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        assertThat(driver.awaitExit(spec.id()).code()).isZero();
        assertThat(node.output(spec.id()))
                .contains("Read-only file system")
                .doesNotContain("x\n")
                .satisfies(output ->
                        assertThat(output.lines().filter("kept"::equals)).hasSize(2))
                .containsPattern("null: (Operation not permitted|Function not implemented)$");
        driver.purge(spec.id());
    }

    /** Whose user is not the machine's root, nor the root of what is around it. */
    @Test
    void anImagesUserHasItsOwnFilesAndNoRightsByMounts() throws Exception {
        SandboxSpec root = shell(
                "id -u; echo made > /workspace/made && mkfifo /workspace/pipe; stat -c '%n %u %a' /workspace/*;"
                        + " (echo x > /etc/x; chown 0 /workspace/made) 2>&1 | grep -c 'denied\\|not permitted';"
                        + " [ $(stat -c %d /workspace) != $(stat -c %d /) ] && echo apart;"
                        + " grep -c ' virtiofs .*nosuid,nodev' /proc/self/mounts; grep ' virtiofs ' /proc/self/mounts | grep -vc nosuid,nodev",
                new ResolvedMount.Workspace("/workspace", true));
        SandboxSpec spec = new SandboxSpec(
                root.id(),
                new SandboxRoot.Image(List.of(HostPrograms.all()), "1000:1001"),
                root.hostname(),
                Map.of(),
                root.command(),
                "/",
                Map.of(),
                root.limits(),
                root.requests(),
                root.mounts());
        begin(spec);
        driver.awaitExit(spec.id());
        assertThat(node.output(spec.id()))
                .matches("1000\n/workspace/made 1000 644\n/workspace/pipe 1000 644\n2\napart\n[2-9]\n0");
    }

    @Test
    void socketsAndPipesAreMadeAmongFiles() throws Exception {
        String script = """
                import os, socket
                for folder in ("/workspace", "/.", "/part"):
                    listening = socket.socket(socket.AF_UNIX)
                    listening.bind(folder + "/socket")
                    listening.listen()
                    asking = socket.socket(socket.AF_UNIX)
                    asking.connect(folder + "/socket")
                    asking.send(b"asked")
                    os.mkfifo(folder + "/pipe", 0o640)
                    if os.fork() == 0:
                        with open(folder + "/pipe", "w") as pipe: pipe.write("written")
                        os._exit(0)
                    with open(folder + "/pipe") as pipe:
                        print(folder, listening.accept()[0].recv(9), pipe.read(), oct(os.stat(folder + "/pipe").st_mode), flush=True)
                """;
        assertThat(outputOf(spec(
                        List.of("python3", "-c", script),
                        TestNode.storage(64 * MIB),
                        new ResolvedMount.Workspace("/workspace", true),
                        new ResolvedMount.DiskDirectory("/part", OptionalLong.of(20 * MIB)))))
                .isEqualTo("""
                        /workspace b'asked' written 0o10640
                        /. b'asked' written 0o10640
                        /part b'asked' written 0o10640""");
    }

    /** As databases do with files that say to several processes what is in others. */
    @Test
    void processesShareAFilesMemory() throws Exception {
        String script = """
                import mmap, os, sqlite3
                with open("/workspace/shared", "w+b") as file:
                    file.truncate(1 << 20)
                    shared = mmap.mmap(file.fileno(), 0)
                    if os.fork() == 0:
                        own = mmap.mmap(os.open("/workspace/shared", os.O_RDWR), 0)
                        own[500000:500005] = b"child"
                        os._exit(0)
                    os.wait()
                    print(shared[500000:500005])
                    shared.flush()
                journal = sqlite3.connect("/workspace/data")
                print(journal.execute("PRAGMA journal_mode=WAL").fetchone()[0])
                journal.execute("CREATE TABLE kept (value)")
                if os.fork() == 0:
                    other = sqlite3.connect("/workspace/data", timeout=60)
                    for value in range(100): other.execute("INSERT INTO kept VALUES (?)", [value]); other.commit()
                    os._exit(0)
                for value in range(100): journal.execute("INSERT INTO kept VALUES (?)", [value]); journal.commit()
                os.wait()
                print(journal.execute("SELECT count(*), sum(value) FROM kept").fetchone(), os.path.exists("/workspace/data-shm"))
                """;
        SandboxSpec spec = spec(
                List.of("python3", "-c", script),
                ResourceAmounts.NONE,
                new ResolvedMount.Workspace("/workspace", true));
        assertThat(outputOf(spec)).isEqualTo("b'child'\nwal\n(200, 9900) True");
        byte[] written = Files.readAllBytes(node.settings()
                .stateDirectory()
                .resolve("sandboxes/" + spec.id().value() + "/workspace/workspace/shared"));
        assertThat(new String(written, 500_000, 5, UTF_8)).isEqualTo("child");
    }

    /** Each that a machine's kernel has seen is open on the host until it forgets it. */
    @Test
    void moreFilesAreGoneThroughThanMayBeOpenAtOnce() throws Exception {
        SandboxSpec spec = spec(
                List.of("python3", "-c", """
                        import os
                        print(sum(os.lstat(f"{folder.path}/{name}").st_size
                            for folder in os.scandir("/workspace") for name in os.listdir(folder)))
                        """),
                TestNode.limits(2000, 512 * MIB, 50),
                new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        Path workspace = node.settings()
                .stateDirectory()
                .resolve("sandboxes/" + spec.id().value() + "/workspace/workspace");
        long count = InheritedLimits.files(OptionalLong.empty()) / 1000 + 2;
        for (int folder = 0; folder < count; folder++) {
            Files.createDirectory(workspace.resolve("" + folder));
            for (int link = 0; link < 1000; link++) {
                Files.createSymbolicLink(workspace.resolve(folder + "/" + link), Path.of("x"));
            }
        }
        driver.start(spec.id());
        assertThat(driver.awaitExit(spec.id()).code())
                .as(node.output(spec.id()))
                .isZero();
        assertThat(node.output(spec.id())).isEqualTo(String.valueOf(count * 1000));
    }

    @Test
    void withoutWhatServesItsFilesAMachineEnds() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        assertThat(exec(driver, spec, "echo up")).isEqualTo("up\n");
        for (long process : processesOnTheHost(spec)) {
            if (Files.readString(Path.of("/proc/" + process + "/comm")).equals("virtiofsd\n")) {
                ProcessHandle.of(process).orElseThrow().destroyForcibly();
            }
        }
        assertThat(driver.awaitExit(spec.id()).code()).isEqualTo(125);
        assertThat(node.output(spec.id())).contains("micro-VM: what serves the machine's files has ended");
    }

    /** Whoever is on the host may leave one there: it would be a way past the machine and the fence. */
    @Test
    void socketsOfTheHostAreNotReached() throws Exception {
        String script = "import socket; s = socket.socket(socket.AF_UNIX); s.settimeout(2)\n"
                + "try: s.connect('/workspace/socket'); print('CONNECTED')\n"
                + "except OSError as e: print('refused', e)";
        SandboxSpec spec = shell("python3 -c \"" + script + "\"", new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        Path workspace = node.settings()
                .stateDirectory()
                .resolve("sandboxes/" + spec.id().value() + "/workspace/workspace");
        Path socket = workspace.resolve("socket");
        Path shortName = Files.createTempDirectory("s").resolve("l");
        Files.createSymbolicLink(shortName, workspace);
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(shortName.resolve("socket")));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
            driver.start(spec.id());
            assertThat(driver.awaitExit(spec.id()).code()).isZero();
        } finally {
            Files.delete(shortName);
            Files.delete(shortName.getParent());
        }
        assertThat(node.output(spec.id())).contains("refused").doesNotContain("CONNECTED");
    }

    @Test
    void exhaustionEndsTheAgentAndIsReportedAsThat() throws Exception {
        SandboxSpec spec = spec(
                List.of("/usr/bin/python3", "-c", "x = []\nwhile True: x.append(b'x' * (4 << 20))"),
                TestNode.limits(2000, 256 * MIB, 50));
        begin(spec);
        ExitStatus exit = driver.awaitExit(spec.id());
        assertThat(exit.code()).as(node.output(spec.id())).isEqualTo(137);
        assertThat(exit.outOfMemory()).isTrue();
    }

    @Test
    void aForkBombEndsAtTheLimit() throws Exception {
        String script = "i=0; while [ $i -lt 60 ]; do sleep 100 & i=$((i+1)); done; wait";
        SandboxSpec spec = shell("sleep 1000", TestNode.limits(2000, 256 * MIB, 20));
        begin(spec);
        assertThat(exec(driver, spec, "{ " + script + "; } 2>&1")).contains("fork");
        assertThat(driver.state(spec.id())).isInstanceOf(SandboxState.Running.class);
    }

    @Test
    void whatAMachineWasMadeWithStays() throws Exception {
        SandboxSpec spec = shell("sleep 1000", TestNode.limits(1000, 256 * MIB, 20));
        begin(spec);
        driver.update(changed(spec, TestNode.limits(500, 256 * MIB, 20)));
        assertThatThrownBy(() -> driver.update(changed(spec, TestNode.limits(500, 512 * MIB, 20))))
                .hasMessageContaining("spec.resources.limits.memory");
    }

    private static SandboxSpec changed(SandboxSpec spec, ResourceAmounts limits) {
        return new SandboxSpec(
                spec.id(),
                spec.root(),
                spec.hostname(),
                Map.of(),
                spec.command(),
                "/",
                Map.of(),
                limits,
                limits,
                spec.mounts());
    }

    @Test
    void aNodeAgentThatIsStartedAgainFindsItsMachinesAndEndsThem() throws Exception {
        SandboxSpec spec = shell("trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.1; done");
        begin(spec);
        await().until(() -> node.output(spec.id()).contains("ready"));
        OciDriver later = node.newDriver().microVm();
        assertThat(later.state(spec.id())).isInstanceOf(SandboxState.Running.class);
        assertThat(exec(later, spec, "echo there")).isEqualTo("there\n");
        assertThat(later.stats(spec.id()).orElseThrow().memoryBytes().orElseThrow())
                .isGreaterThan(32 * MIB);
        later.terminate(spec.id());
        assertThat(later.awaitExit(spec.id()).code()).isEqualTo(3);
        assertThat(node.output(spec.id())).endsWith("asked");
        later.purge(spec.id());
        assertThat(later.list()).doesNotContain(spec.id());
    }

    @Test
    void aMachineThatFallsIsSaidToHave() throws Exception {
        OciDriver privileged = TestMicroVm.unconfined(node.settings());
        SandboxSpec spec = shell("echo 1 > /proc/sys/kernel/panic; echo c > /proc/sysrq-trigger; sleep 100");
        privileged.prepare(spec);
        privileged.create(spec);
        privileged.start(spec.id());
        assertThat(privileged.awaitExit(spec.id()).code()).isEqualTo(125);
        assertThat(node.output(spec.id())).contains("micro-VM: ");
    }

    @Test
    void aProgramThatIsMissingIsFoundOutBeforeAnythingStarts() throws Exception {
        SandboxSpec spec = spec(List.of("/nonexistent/program"), ResourceAmounts.NONE);
        driver.prepare(spec);
        assertThatThrownBy(() -> driver.create(spec)).hasMessageContaining("/nonexistent/program");
    }

    @Test
    void aHostRootIsRefused() {
        SandboxSpec image = shell("true");
        SandboxSpec host = new SandboxSpec(
                image.id(),
                SandboxRoot.HOST,
                image.hostname(),
                Map.of(),
                image.command(),
                "/",
                Map.of(),
                image.limits(),
                image.requests(),
                List.of());
        assertThatThrownBy(() -> driver.prepare(host)).hasMessageContaining("spec.image");
    }
}
