package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.process.ProcessIdentity;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Absent;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Broken;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Created;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Exited;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The node agent dies at some point; another driver on the same directories goes on. */
@Tag("node")
@Tag("runtime")
@Timeout(180)
class RecoveryIT {
    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    @Test
    void aCreatedSandboxIsAdopted() throws Exception {
        SandboxSpec spec = TestNode.shell("echo adopted");
        node.driver().prepare(spec);
        Created created = new Created(node.driver().create(spec));
        OciDriver next = node.newDriver();
        assertThat(next.state(spec.id())).isEqualTo(created);
        next.start(spec.id());
        assertThat(next.awaitExit(spec.id()).code()).isZero();
        assertThat(node.output(spec.id())).isEqualTo("adopted");
    }

    @Test
    void aRunningSandboxIsAdoptedWithItsProcess() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        node.begin(spec);
        Running before = (Running) node.driver().state(spec.id());
        OciDriver next = node.newDriver();
        assertThat(next.state(spec.id())).isEqualTo(before);
        next.kill(spec.id());
        assertThat(next.awaitExit(spec.id()).code()).isEqualTo(137);
    }

    @Test
    void anAgentThatEndsWhileNoDriverExistsIsReportedWithCodeAndOutput() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 0.3; seq 1 2000; exit 9");
        node.begin(spec);
        Path exit = new SandboxFiles(node.settings(), spec.id()).exit();
        await().until(() -> Files.exists(exit));
        OciDriver next = node.newDriver();
        assertThat(next.state(spec.id()))
                .isInstanceOfSatisfying(
                        Exited.class, exited -> assertThat(exited.exit().code()).isEqualTo(9));
        assertThat(node.output(spec.id()).lines()).hasSize(2000);
        assertThat(node.output(spec.id())).endsWith("\n1999\n2000");
    }

    @Test
    void awaitExitWorksForAnAdoptedSandbox() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "until [ -e /workspace/go ]; do sleep 0.02; done; exit 4", new Workspace("/workspace", true));
        node.begin(spec);
        OciDriver next = node.newDriver();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> waiting = IntStream.range(0, 50)
                    .mapToObj(
                            i -> executor.submit(() -> next.awaitExit(spec.id()).code()))
                    .toList();
            Files.createFile(
                    new SandboxFiles(node.settings(), spec.id()).directory().resolve("workspace/workspace/go"));
            for (Future<Integer> code : waiting) {
                assertThat(code.get()).isEqualTo(4);
            }
        }
    }

    @Test
    void aShimThatDiesLosesTheExitCodeHonestly() throws Exception {
        SandboxSpec spec = TestNode.shell("trap '' PIPE; sleep 1000");
        node.begin(spec);
        RunRecord record = RunRecord.read(new SandboxFiles(node.settings(), spec.id()).record())
                .orElseThrow();
        ProcessHandle.of(record.shim().pid()).orElseThrow().destroyForcibly();
        await().until(() -> !record.shim().isAlive());
        assertThat(node.driver().state(spec.id())).isInstanceOf(Running.class);
        node.driver().kill(spec.id());
        assertThat(node.driver().awaitExit(spec.id()).code()).isEqualTo(137);
        assertThat(node.newDriver().state(spec.id())).isEqualTo(node.driver().state(spec.id()));
        node.driver().remove(spec.id());
        assertThat(node.driver().state(spec.id())).isInstanceOf(Absent.class);
    }

    /** As after a crash between the shim's start and the record of it: everything but the record is there. */
    @Test
    void anUnrecordedCreationIsBrokenAndRemoved() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        node.driver().prepare(spec);
        long pid = node.driver().create(spec).pid();
        ProcessIdentity agent = ProcessIdentity.of(pid).orElseThrow();
        SandboxFiles files = new SandboxFiles(node.settings(), spec.id());
        RunRecord record = RunRecord.read(files.record()).orElseThrow();
        Files.delete(files.record());
        OciDriver next = node.newDriver();
        assertThat(next.state(spec.id())).isInstanceOf(Broken.class);
        next.remove(spec.id());
        assertThat(agent.isAlive()).isFalse();
        assertThat(record.shim().isAlive()).isFalse();
        assertThat(next.state(spec.id())).isInstanceOf(Absent.class);
    }

    /** As after a crash right after the run's directory was made, and after one in the midst of a removal. */
    @Test
    void anEmptyRunIsBrokenAndRemoved() throws Exception {
        SandboxSpec spec = TestNode.shell("true");
        node.driver().prepare(spec);
        Files.createDirectory(new SandboxFiles(node.settings(), spec.id()).run());
        assertThat(node.driver().state(spec.id())).isInstanceOf(Broken.class);
        node.driver().create(spec);
        assertThat(node.driver().state(spec.id())).isInstanceOf(Created.class);
    }

    @Test
    void leftoversWithoutADirectoryAreListedAndPurged() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000");
        node.begin(spec);
        ProcessIdentity agent = ProcessIdentity.of(
                        ((Running) node.driver().state(spec.id())).network().pid())
                .orElseThrow();
        dev.agentcontainers.nodeagent.linux.storage.DeepDeletion.delete(
                new SandboxFiles(node.settings(), spec.id()).directory());
        OciDriver next = node.newDriver();
        assertThat(next.list()).containsExactly(spec.id());
        assertThat(next.state(spec.id())).isInstanceOf(Broken.class);
        next.purge(spec.id());
        assertThat(next.list()).isEmpty();
        assertThat(agent.isAlive()).isFalse();
    }

    @Test
    void aRunOfAnEarlierBootIsBrokenUnlessItsExitIsKnown() throws Exception {
        SandboxSpec spec = TestNode.shell("exit 6");
        node.run(spec);
        SandboxFiles files = new SandboxFiles(node.settings(), spec.id());
        RunRecord record = RunRecord.read(files.record()).orElseThrow();
        new RunRecord("another-boot", record.agent(), record.shim()).write(files.record());
        assertThat(node.driver().state(spec.id())).isInstanceOf(Exited.class);
        Files.delete(files.exit());
        assertThat(node.driver().state(spec.id())).isInstanceOf(Broken.class);
    }

    /** The starting process is in a control group of its own, all of which is killed: shim and agent stay. */
    @Test
    @Tag("one-driver")
    void killingTheStartersControlGroupLeavesTheAgent() throws Exception {
        SandboxId id = TestNode.newId();
        Path group = Files.createDirectory(
                Path.of("/sys/fs/cgroup/unified").toFile().exists()
                        ? Path.of("/sys/fs/cgroup/unified/agentcontainers-test-starter-" + id)
                        : Path.of("/sys/fs/cgroup/agentcontainers-test-starter-" + id));
        Path pids = Path.of("/sys/fs/cgroup/pids/agentcontainers-test-starter-" + id);
        if (Files.isDirectory(Path.of("/sys/fs/cgroup/pids"))) {
            Files.createDirectory(pids);
        }
        try {
            Process starter = new ProcessBuilder(
                            "/bin/sh",
                            "-c",
                            "echo $$ > " + group + "/cgroup.procs; test -d " + pids + " && echo $$ > " + pids
                                    + "/cgroup.procs; exec \"$@\"",
                            "sh",
                            Path.of(System.getProperty("java.home"), "bin/java").toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                            StartAndStay.class.getName(),
                            id.value(),
                            node.settings().stateDirectory().toString(),
                            node.settings().runDirectory().toString(),
                            node.settings().cgroupParent())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(starter.inputReader().readLine()).isEqualTo("started");
            killAll(group);
            killAll(pids);
            assertThat(starter.waitFor()).isEqualTo(137);
            Running running = (Running) node.driver().state(id);
            RunRecord record = RunRecord.read(new SandboxFiles(node.settings(), id).record())
                    .orElseThrow();
            assertThat(record.shim().isAlive()).isTrue();
            assertThat(running.network().pid()).isEqualTo(record.agent().pid());
            node.driver().terminate(id);
            assertThat(node.driver().awaitExit(id).code()).isEqualTo(11);
            assertThat(node.output(id)).isEqualTo("up\ndown");
        } finally {
            killAll(group);
            // A group takes a moment to become empty.
            await().ignoreExceptions().until(() -> !Files.deleteIfExists(pids) && !Files.deleteIfExists(group));
        }
    }

    private static void killAll(Path group) throws IOException {
        if (Files.isDirectory(group)) {
            for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
                ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    /** What a node agent does, as a process of its own. */
    static final class StartAndStay {
        public static void main(String[] arguments) throws Exception {
            OciSettings settings = OciSettings.of(
                    Path.of(arguments[1]),
                    Path.of(arguments[2]),
                    arguments[3],
                    new dev.agentcontainers.nodeagent.linux.identity.IdRange(310_000_000, 655_360),
                    0);
            OciDriver driver = OciDriver.process(settings);
            SandboxSpec spec = TestNode.spec(
                    new SandboxId(arguments[0]),
                    List.of("/bin/sh", "-c", "trap 'echo down; exit 11' TERM; echo up; while :; do sleep 0.05; done"),
                    dev.agentcontainers.nodeagent.sandbox.ResourceAmounts.NONE);
            driver.prepare(spec);
            driver.create(spec);
            driver.start(spec.id());
            Path log = driver.log(spec.id());
            await().until(() -> Files.exists(log) && Files.readString(log).contains("up"));
            System.out.println("started");
            Thread.sleep(1_000_000);
        }
    }

    @Test
    void twentyAtOnceRunAndNothingIsLeft() throws Exception {
        Machine before = Machine.now(node);
        List<SandboxSpec> specs = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            specs.add(TestNode.shell(
                    "echo " + i + "; sleep 0.2; exit " + i,
                    i % 5 == 0 ? TestNode.storage(32 << 20) : TestNode.limits(1000, 64 << 20, 32),
                    new Workspace("/workspace", true)));
        }
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> codes = specs.stream()
                    .map(spec -> executor.submit(() -> node.run(spec).code()))
                    .toList();
            for (int i = 0; i < codes.size(); i++) {
                assertThat(codes.get(i).get()).isEqualTo(i);
                assertThat(node.output(specs.get(i).id())).isEqualTo("" + i);
            }
        }
        assertThat(node.driver().list()).hasSize(20);
        for (SandboxSpec spec : specs) {
            node.driver().purge(spec.id());
        }
        assertThat(node.driver().list()).isEmpty();
        await().untilAsserted(() -> assertThat(Machine.now(node)).isEqualTo(before));
    }

    @Test
    void idRangesAreUsedAgainOnlyAfterPurge() throws Exception {
        SandboxSpec first = TestNode.shell("true");
        SandboxSpec second = TestNode.shell("true");
        node.driver().prepare(first);
        node.newDriver().prepare(second);
        Path identity =
                new SandboxFiles(node.settings(), first.id()).directory().resolve("identity");
        String range = Files.readString(identity);
        assertThat(Files.readString(new SandboxFiles(node.settings(), second.id())
                        .directory()
                        .resolve("identity")))
                .isNotEqualTo(range);
        node.driver().prepare(first);
        assertThat(Files.readString(identity)).isEqualTo(range);
    }

    @Test
    void aLogAtItsLimitIsBegunAnew() throws Exception {
        try (TestNode small = TestNode.start(dev.agentcontainers.nodeagent.linux.rootfs.HostRoot.DEFAULT, 20_000)) {
            SandboxSpec spec = TestNode.shell("seq 1 5000");
            small.run(spec);
            assertThat(Files.size(small.driver().log(spec.id()))).isLessThanOrEqualTo(20_000);
            assertThat(small.output(spec.id())).endsWith("\n5000");
        }
    }

    @Test
    @Tag("one-driver")
    void theTestOnlyProfileHasEveryCapabilityInItsOwnNamespace() throws Exception {
        OciDriver unconfined = UnconfinedDriver.of(node.settings());
        SandboxSpec spec = TestNode.shell("grep -E '^(CapEff|Seccomp:|NoNewPrivs)' /proc/self/status | tr -s '\t' ' '");
        unconfined.prepare(spec);
        unconfined.create(spec);
        unconfined.start(spec.id());
        assertThat(unconfined.awaitExit(spec.id()).code()).isZero();
        assertThat(node.output(spec.id())).isEqualTo("CapEff: 000001ffffffffff\nNoNewPrivs: 0\nSeccomp: 0");
    }
}
