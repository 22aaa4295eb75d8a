package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.rootfs.HostFolders;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What agents over gVisor have otherwise than those over the host's kernel, with the real runtime. */
@Tag("node")
@Timeout(120)
class GvisorIT {
    private static final long MIB = 1 << 20;

    private TestNode node;
    private OciDriver driver;

    @BeforeEach
    void startNode() throws Exception {
        TestNode.requireMachine();
        node = TestNode.withGvisor(TestGvisor.required());
        driver = node.driver().gvisor();
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
        return new SandboxSpec(
                TestNode.newId(),
                new SandboxRoot.Image(List.of(HostPrograms.all()), ""),
                "agent-host",
                Map.of(),
                List.of("/bin/sh", "-c", script),
                "/",
                Map.of(),
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

    @Test
    void aTrialRunShowsThatItsKernelAnswers() {
        assertThat(driver.probe()).isInstanceOfSatisfying(DriverProbe.Ready.class, ready -> {
            assertThat(ready.strength()).isEqualTo(IsolationLevel.UserspaceKernel);
            assertThat(ready.features()).contains("image").doesNotContain("host-root");
            assertThat(ready.version()).contains("runsc", "conmon");
        });
    }

    @Test
    void aRuntimeThatIsMissingIsNamed() throws Exception {
        try (TestNode without = TestNode.withGvisor(
                new GvisorSettings(Optional.of(Path.of("/nonexistent/runsc")), GvisorSettings.SYSTRAP))) {
            assertThat(without.driver().gvisor().probe())
                    .isInstanceOfSatisfying(
                            DriverProbe.NotReady.class,
                            notReady -> assertThat(notReady.reason())
                                    .contains("agentcontainers.node.runsc", "/nonexistent/runsc"));
        }
    }

    @Test
    void theKernelIsNotTheHosts() throws Exception {
        String host = Files.readAllLines(Path.of("/proc/sys/kernel/osrelease")).getFirst();
        assertThat(outputOf(shell("uname -r; cat /proc/version")))
                .doesNotContain(host)
                .contains("gvisor");
    }

    /** gVisor's kernel and what serves it files have the agent's ids and no others, in the agent's user namespace. */
    @Test
    void itsProcessesOnTheHostAreNobody() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        List<Long> processes = processesOnTheHost(spec);
        assertThat(processes).hasSizeGreaterThan(2);
        for (long process : processes) {
            List<String> status = Files.readAllLines(Path.of("/proc/" + process + "/status"));
            assertThat(status)
                    .filteredOn(line -> line.startsWith("Uid:") || line.startsWith("Gid:"))
                    .hasSize(2)
                    .allSatisfy(line -> assertThat(line).matches("[UG]id:(\\t3\\d{8}){4}"));
            assertThat(Files.readString(Path.of("/proc/" + process + "/uid_map")))
                    .matches("\\s+0\\s+3\\d{8}\\s+65536\\s+");
            assertThat(status).contains("NoNewPrivs:\t1", "Seccomp:\t2");
        }
    }

    @Test
    void thirtyTwoBitSystemCallsReachNoKernel() throws Exception {
        String script = """
            import ctypes, mmap
            # mov eax, 20 (getpid); int 0x80; ret
            code = bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3])
            m = mmap.mmap(-1, 4096, prot=7)
            m.write(code)
            f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
            print('answer', f(), flush=True)
            """;
        assertThat(outputOf(shell("python3 -c \"" + script + "\"; true"))).doesNotContainPattern("answer [0-9]");
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

    @Test
    void whatGvisorCantHideIsRefused() {
        assertThatThrownBy(() -> driver.prepare(shell("true", new ResolvedMount.Denied("/proc/cpuinfo"))))
                .hasMessageContaining("spec.filesystem.mounts")
                .hasMessageContaining("/proc/cpuinfo");
    }

    @Test
    void aSessionIsRefused() {
        assertThatThrownBy(() -> driver.prepare(shell("true", new ResolvedMount.RuntimeDirectory("/run/session"))))
                .hasMessageContaining("spec.session")
                .hasMessageContaining("container");
    }

    @Test
    void tooLittleMemoryIsNamed() {
        assertThatThrownBy(() -> driver.prepare(shell("true", TestNode.limits(1000, 32 * MIB, 16))))
                .hasMessageContaining("spec.resources.limits.memory")
                .hasMessageContaining("64Mi");
    }

    @Test
    void theLimitOfProcessesStaysWhatItWas() throws Exception {
        SandboxSpec spec = shell("sleep 1000", TestNode.limits(1000, 128 * MIB, 5));
        begin(spec);
        driver.update(changed(spec, TestNode.limits(500, 256 * MIB, 5)));
        assertThatThrownBy(() -> driver.update(changed(spec, TestNode.limits(500, 256 * MIB, 6))))
                .hasMessageContaining("spec.resources.limits.pids");
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

    /** Threads, of which the host sees none of their own. */
    @Test
    void aThreadBombEndsAtTheLimit() throws Exception {
        String script = """
            import threading, time
            count = 1
            try:
                while count < 500:
                    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
                    count += 1
            except RuntimeError:
                pass
            print('threads', count, flush=True)
            import os
            os._exit(0)
            """;
        assertThat(outputOf(shell("exec python3 -c \"" + script + "\"", TestNode.limits(1000, 256 * MIB, 20))))
                .isEqualTo("threads 20");
    }

    @Test
    void whatIsReadOnlyStaysSo() throws Exception {
        ResolvedMount files = new ResolvedMount.Files("/opt/own", Map.of("file", "kept".getBytes(UTF_8)), false);
        ResolvedMount secrets = new ResolvedMount.Files("/secret", Map.of("file", "kept".getBytes(UTF_8)), true);
        assertThat(outputOf(shell(
                        "for f in /opt/own/file /secret/file; do chmod 777 $f 2>&1; (echo x > $f) 2>&1; rm -f $f 2>&1;"
                                + " mv $f $f.2 2>&1; cat $f; echo; done; true",
                        files,
                        secrets)))
                .contains("Read-only file system")
                .contains("\nkept\n")
                .doesNotContain("x\n");
    }

    @Test
    void whatTheNodeChangesIsSeen() throws Exception {
        SandboxSpec spec = shell(
                "cat /workspace/file; until grep -q new /workspace/file; do sleep 0.05; done; cat /workspace/file",
                new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        Path file = workspace(spec).resolve("file");
        Files.writeString(file, "old\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        driver.start(spec.id());
        await().until(() -> node.output(spec.id()).contains("old"));
        Files.writeString(file, "new and longer\n");
        assertThat(driver.awaitExit(spec.id()).code()).isZero();
        assertThat(node.output(spec.id())).isEqualTo("old\nnew and longer");
    }

    private Path workspace(SandboxSpec spec) {
        return node.settings().stateDirectory().resolve("sandboxes/" + spec.id().value() + "/workspace/workspace");
    }

    /** Whoever is on the host may leave them there: a socket or a pipe would be a way past gVisor. */
    @Test
    void socketsAndPipesOfTheHostAreNotReached() throws Exception {
        String script = "import socket; s = socket.socket(socket.AF_UNIX); s.settimeout(2)\n"
                + "try: s.connect('/workspace/socket'); print('CONNECTED')\n"
                + "except OSError as e: print('refused', e)";
        SandboxSpec spec = shell(
                "python3 -c \"" + script + "\"; (timeout 2 sh -c 'echo x > /workspace/pipe' && echo OPENED) 2>&1; true",
                new ResolvedMount.Workspace("/workspace", true));
        driver.prepare(spec);
        driver.create(spec);
        Path pipe = workspace(spec).resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", "-m", "666", pipe.toString())
                        .start()
                        .waitFor())
                .isZero();
        Path socket = workspace(spec).resolve("socket");
        Path shortName = Files.createTempDirectory("s").resolve("l");
        Files.createSymbolicLink(shortName, socket.getParent());
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(shortName.resolve("socket")));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
            Process reading = new ProcessBuilder("cat", pipe.toString()).start();
            driver.start(spec.id());
            assertThat(driver.awaitExit(spec.id()).code()).isZero();
            reading.destroyForcibly().waitFor();
        } finally {
            Files.delete(shortName);
            Files.delete(shortName.getParent());
        }
        assertThat(node.output(spec.id()))
                .contains("refused")
                .doesNotContain("CONNECTED")
                .doesNotContain("OPENED");
    }

    @Test
    void socketsInAFolderOfTheHostAreNotReached() throws Exception {
        Path folder = Files.createTempDirectory("s");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        OciDriver giving = OciDriver.process(
                        node.settings().withHostRoot(HostRoot.DEFAULT.giving(HostFolders.of(List.of(folder + ":rw")))))
                .gvisor();
        SandboxSpec spec = shell(
                "python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); s.settimeout(2)\n"
                        + "try: s.connect('/data/socket'); print('CONNECTED')\n"
                        + "except OSError as e: print('refused', e)\"",
                new ResolvedMount.HostDirectory("/data", folder.toString(), true));
        Path socket = folder.resolve("socket");
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(socket));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
            giving.prepare(spec);
            giving.create(spec);
            giving.start(spec.id());
            assertThat(giving.awaitExit(spec.id()).code()).isZero();
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(folder);
        }
        assertThat(node.output(spec.id())).contains("refused").doesNotContain("CONNECTED");
    }

    @Test
    void closingAnExecKillsWhatItHasBegunToo() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        ExecSession session = driver.exec(
                spec.id(),
                new ExecRequest(
                        List.of("/bin/sh", "-c", "setsid sleep 7777 & sleep 8888 & echo ready; wait"), false, false));
        assertThat(session.standardOutput().read()).isEqualTo('r');
        session.close();
        session.awaitExit();
        assertThat(commandLines(spec))
                .contains("sleep 1000")
                .doesNotContain("sleep 7777")
                .doesNotContain("sleep 8888");
    }

    private String commandLines(SandboxSpec spec) throws Exception {
        try (ExecSession look = driver.exec(
                spec.id(),
                new ExecRequest(List.of("/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), false, false))) {
            return new String(look.standardOutput().readAllBytes(), UTF_8);
        }
    }

    /** runsc says which process it has begun when it runs already. */
    @Test
    void closingAnExecWhileItBeginsLeavesNothingOfIt() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        for (int after = 0; after < 200; after += 20) {
            ExecSession session =
                    driver.exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", "exec sleep 7777"), false, false));
            TimeUnit.MILLISECONDS.sleep(after);
            session.close();
            session.awaitExit();
        }
        assertThat(commandLines(spec)).contains("sleep 1000").doesNotContain("sleep 7777");
    }

    /** The name looks like a row of the table that processes are looked up in, of one that is its own parent. */
    @Test
    void aNameThatForgesARowHoldsNoKillUp() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        ExecSession session = driver.exec(
                spec.id(),
                new ExecRequest(
                        List.of(
                                "/bin/sh",
                                "-c",
                                "sleep 8888 & printf '\\n0 %d %d x' $$ $$ > /proc/$$/comm; echo ready; wait"),
                        false,
                        false));
        assertThat(session.standardOutput().read()).isEqualTo('r');
        session.close();
        session.awaitExit();
        assertThat(commandLines(spec)).contains("sleep 1000").doesNotContain("sleep 8888");
    }

    /** More than are killed one by one: those of its process group are all killed at once. */
    @Test
    void closingAnExecOfManyProcessesEndsThem() throws Exception {
        SandboxSpec spec = shell("sleep 1000");
        begin(spec);
        String script = "i=0; while [ $i -lt " + (InsideGvisor.MOST + 50)
                + " ]; do sleep 7777 & i=$((i+1)); done; echo ready; wait";
        ExecSession session = driver.exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", script), false, false));
        assertThat(session.standardOutput().read()).isEqualTo('r');
        session.close();
        session.awaitExit();
        assertThat(commandLines(spec)).contains("sleep 1000").doesNotContain("sleep 7777");
    }

    /** As a fault of gVisor's own, or the host's killer of processes, would end it. */
    @Test
    void whicheverOfItsProcessesDiesTheAgentEnds() throws Exception {
        for (int which = 0; which < 2; which++) {
            SandboxSpec spec = shell("sleep 1000");
            begin(spec);
            List<Long> processes = processesOnTheHost(spec);
            long victim = which == 0 ? sentry(spec) : gofer(processes);
            ProcessHandle.of(victim).orElseThrow().destroyForcibly();
            await().until(() -> driver.state(spec.id()) instanceof SandboxState.Exited);
            driver.remove(spec.id());
            assertThat(processesOnTheHost(spec)).isEmpty();
            driver.purge(spec.id());
            assertThat(driver.list()).isEmpty();
        }
    }

    private long sentry(SandboxSpec spec) throws SandboxException {
        return switch (driver.state(spec.id())) {
            case SandboxState.Running running -> running.network().pid();
            case SandboxState other -> throw new AssertionError(other.toString());
        };
    }

    private static long gofer(List<Long> processes) throws IOException {
        for (long process : processes) {
            if (Files.readString(Path.of("/proc/" + process + "/cmdline")).startsWith("runsc-gofer")) {
                return process;
            }
        }
        throw new AssertionError("no gofer among " + processes);
    }

    /** A start that was refused has begun nothing, so that another may follow. */
    @Test
    void aStartThatIsRefusedIsNoRun() throws Exception {
        SandboxSpec whole = shell("true");
        SandboxSpec missing = new SandboxSpec(
                whole.id(),
                whole.root(),
                whole.hostname(),
                Map.of(),
                List.of("/no/such/program"),
                "/",
                Map.of(),
                whole.limits(),
                whole.requests(),
                List.of());
        assertThatThrownBy(() -> begin(missing)).hasMessageContaining("/no/such/program");
        assertThat(driver.state(missing.id())).isInstanceOf(SandboxState.Broken.class);
        begin(whole);
        assertThat(driver.awaitExit(whole.id()).code()).isZero();
    }

    /** As when the node agent was killed together with the runsc that it had told to start. */
    @Test
    void anAgentWhoseStartWasCutShortIsEndedAndNotStartedAgain() throws Exception {
        SandboxSpec spec = shell("echo ran");
        driver.prepare(spec);
        driver.create(spec);
        Files.createFile(new SandboxFiles(node.settings(), spec.id()).starting());
        OciDriver next = node.newDriver().gvisor();
        assertThat(next.state(spec.id())).isInstanceOf(SandboxState.Running.class);
        next.start(spec.id());
        assertThat(next.awaitExit(spec.id()).code()).isEqualTo(137);
        assertThat(node.output(spec.id())).isEmpty();
    }

    @Test
    void nothingIsLeftOfIt() throws Exception {
        SandboxSpec spec = shell("echo x > /x", new ResolvedMount.Workspace("/workspace", true));
        outputOf(spec);
        driver.purge(spec.id());
        assertThat(driver.list()).isEmpty();
        assertThat(processesOnTheHost(spec)).isEmpty();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(spec.id().value())
                .doesNotContain("null-netns");
        try (Stream<Path> left = Files.walk(node.settings().stateDirectory())) {
            assertThat(left.filter(path -> path.toString().contains(spec.id().value())))
                    .isEmpty();
        }
    }
}
