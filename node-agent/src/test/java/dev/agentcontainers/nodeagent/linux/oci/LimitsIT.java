package dev.agentcontainers.nodeagent.linux.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.cgroup.Hierarchies;
import dev.agentcontainers.nodeagent.linux.rootfs.HostRoot;
import dev.agentcontainers.nodeagent.linux.rootfs.MountTable;
import dev.agentcontainers.nodeagent.linux.storage.LoopDevices;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("node")
@Tag("runtime")
@Tag("resources")
@Timeout(120)
class LimitsIT {
    /** Piece by piece: what asks for more than there is at once is told so, and not killed. */
    private static final List<String> MEMORY_BOMB =
            List.of("python3", "-c", "taken = []\nwhile True: taken.append(b'x' * (4 << 20))");

    private static final long MIB = 1 << 20;
    private static final int OPEN_FILES = 300;
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
    void aMemoryBombIsKilledAndReported() throws Exception {
        SandboxSpec spec = TestNode.spec(TestNode.newId(), MEMORY_BOMB, TestNode.limits(1000, 64 * MIB, 50));
        assertThat(node.run(spec)).satisfies(exit -> {
            assertThat(exit.code()).isEqualTo(137);
            assertThat(exit.outOfMemory()).isTrue();
        });
    }

    @Test
    @Tag("one-driver")
    void filesInTmpCountAsMemory() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "dd if=/dev/zero of=/tmp/fill bs=1M count=500 2>&1 | tail -1; exit 3",
                TestNode.limits(1000, 64 * MIB, 50));
        int code = node.run(spec).code();
        assertThat(code).isIn(3, 137);
        assertThat(node.output(spec.id())).doesNotContain("524288000");
    }

    @Test
    void aForkBombEndsAtTheLimit() throws Exception {
        String script = """
            import os, errno, time
            count = 0
            while True:
                try:
                    if os.fork() == 0:
                        time.sleep(1000)
                except OSError as e:
                    print(errno.errorcode[e.errno], count)
                    break
                count += 1
            """;
        SandboxSpec spec =
                TestNode.spec(TestNode.newId(), List.of("python3", "-c", script), TestNode.limits(1000, 256 * MIB, 20));
        node.run(spec);
        assertThat(node.output(spec.id())).isEqualTo("EAGAIN 19");
    }

    /** Of memory, processes and storage: each ends or stops who asks for it and nobody else, and the kernel kills for memory only. */
    @Test
    void whoeverExhaustsALimitIsAloneInIt() throws Exception {
        SandboxSpec neighbour = TestNode.shell(
                "until [ -e /tmp/end ]; do sleep 0.05; done; exit 5", TestNode.limits(1000, 64 * MIB, 50));
        node.begin(neighbour);
        SandboxSpec memory = TestNode.spec(TestNode.newId(), MEMORY_BOMB, TestNode.limits(1000, 64 * MIB, 50));
        SandboxSpec processes = TestNode.shell(
                "for i in $(seq 30); do sleep 1000 & done; exit 4", TestNode.limits(1000, 256 * MIB, 20));
        SandboxSpec storage = TestNode.shell(
                "dd if=/dev/zero of=/workspace/fill bs=1M count=100 || exit 6",
                TestNode.storage(32 * MIB),
                new Workspace("/workspace", true));

        assertThat(node.run(memory).outOfMemory()).isTrue();
        assertThat(node.run(processes)).satisfies(exit -> {
            assertThat(exit.code()).isNotZero();
            assertThat(exit.outOfMemory()).isFalse();
        });
        assertThat(node.run(storage)).satisfies(exit -> {
            assertThat(exit.code()).isEqualTo(6);
            assertThat(exit.outOfMemory()).isFalse();
        });

        try (var other =
                node.driver().exec(neighbour.id(), new ExecRequest(List.of("touch", "/tmp/end"), false, false))) {
            assertThat(other.awaitExit()).isZero();
        }
        assertThat(node.driver().awaitExit(neighbour.id())).satisfies(exit -> {
            assertThat(exit.code()).isEqualTo(5);
            assertThat(exit.outOfMemory()).isFalse();
        });
    }

    @Test
    void aProcessOpensNoMoreFilesThanItsLimitAndRaisesItNot() throws Exception {
        String script = """
            import os, errno, resource, time
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (301, 301))
                print("raised", flush=True)
            except (ValueError, OSError):
                pass
            last = 0
            while True:
                try:
                    last = os.open("/dev/null", os.O_RDONLY)
                except OSError as e:
                    print(errno.errorcode[e.errno], last, flush=True)
                    break
            time.sleep(1000)
            """;
        SandboxSpec spec =
                TestNode.spec(TestNode.newId(), List.of("python3", "-c", script), TestNode.openFiles(OPEN_FILES));
        node.begin(spec);

        await().until(() -> !node.output(spec.id()).isEmpty());

        assertThat(node.output(spec.id())).isEqualTo("EMFILE " + (OPEN_FILES - 1));
        try (var other = node.driver()
                .exec(spec.id(), new ExecRequest(List.of("/bin/sh", "-c", "ulimit -Hn; ulimit -n"), false, false))) {
            assertThat(new String(other.standardOutput().readAllBytes(), UTF_8))
                    .isEqualTo("%1$d\n%1$d\n".formatted(OPEN_FILES));
            assertThat(other.awaitExit()).isZero();
        }
    }

    @Test
    void moreOpenFilesThanTheNodeAgentMayGiveAreRefused() {
        SandboxSpec spec = TestNode.shell("true", TestNode.openFiles(Long.MAX_VALUE));

        assertThatThrownBy(() -> node.driver().prepare(spec))
                .isInstanceOfSatisfying(
                        SandboxException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(SandboxException.Kind.UNSUPPORTED))
                .hasMessageContaining("spec.resources.limits.open-files is " + Long.MAX_VALUE)
                .hasMessageContaining("LimitNOFILE");
    }

    @Test
    void processorTimeIsThrottled() throws Exception {
        SandboxSpec spec = TestNode.shell("while :; do :; done", TestNode.limits(50, 64 * MIB, 20));
        node.begin(spec);
        await().until(() -> throttled(spec) > 3);
    }

    private long throttled(SandboxSpec spec) throws IOException {
        Hierarchies hierarchies = Hierarchies.of(MountTable.ofThisThread());
        Path group = Path.of(hierarchies.of("cpu").orElseThrow().mountPoint()
                + node.settings().cgroupParent() + "/" + spec.id());
        return Files.readAllLines(group.resolve("cpu.stat")).stream()
                .filter(line -> line.startsWith("nr_throttled "))
                .mapToLong(line -> Long.parseLong(line.split(" ")[1]))
                .findFirst()
                .orElse(0);
    }

    @Test
    @Tag("host-kernel")
    void limitsOfARunningAgentChange() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "until [ -e /tmp/go ]; do sleep 0.05; done; for i in $(seq 20); do sleep 1000 & done 2>&1; echo"
                        // It stays: its end would kill what says go, which may not have ended yet.
                        + " started; wait",
                // runc begins in the sandbox with some threads of its own.
                TestNode.limits(1000, 64 * MIB, 16));
        node.begin(spec);
        for (long memory : List.of(128 * MIB, 32 * MIB)) {
            node.driver().update(TestNode.spec(spec.id(), spec.command(), TestNode.limits(500, memory, 50)));
        }
        try (var touch = node.driver().exec(spec.id(), new ExecRequest(List.of("touch", "/tmp/go"), false, false))) {
            assertThat(touch.awaitExit()).isZero();
        }
        await().until(() -> node.output(spec.id()).contains("started"));
        assertThat(node.output(spec.id())).isEqualTo("started");
    }

    @Test
    void storageIsLimitedAndItsDeviceIsFreed() throws Exception {
        int devices = loopDevicesInUse();
        SandboxSpec spec = TestNode.shell(
                "exec 2>&1; dd if=/dev/zero of=/workspace/fill bs=1M count=100; echo kept > /workspace/small || (rm"
                        + " /workspace/fill; echo kept > /workspace/small); cat /workspace/small",
                TestNode.storage(32 * MIB),
                new Workspace("/workspace", true));
        node.run(spec);
        assertThat(node.output(spec.id())).contains("No space left on device").endsWith("kept");
        node.driver().remove(spec.id());
        await().until(() -> loopDevicesInUse() == devices);
        SandboxSpec again = TestNode.spec(
                spec.id(), List.of("cat", "/workspace/small"), spec.limits(), new Workspace("/workspace", true));
        assertThat(node.run(again).code()).isZero();
        assertThat(node.output(spec.id())).endsWith("kept\nkept");
        node.driver().purge(spec.id());
        await().until(() -> loopDevicesInUse() == devices);
    }

    @Test
    void aStorageLimitThatIsTooSmallIsNamed() {
        assertThatThrownBy(() -> node.driver().prepare(TestNode.shell("true", TestNode.storage(1000))))
                .hasMessageContaining("spec.resources.limits.ephemeral-storage");
    }

    @Test
    void aStorageLimitCantChange() throws Exception {
        ResolvedMount workspace = new Workspace("/workspace", true);
        SandboxSpec spec = TestNode.shell("sleep 1000", TestNode.storage(32 * MIB), workspace);
        node.begin(spec);
        assertThatThrownBy(() -> node.driver()
                        .update(TestNode.spec(spec.id(), spec.command(), TestNode.storage(64 * MIB), workspace)))
                .hasMessageContaining("spec.resources.limits.ephemeral-storage");
        node.driver()
                .update(TestNode.spec(
                        spec.id(),
                        spec.command(),
                        new ResourceAmounts(
                                OptionalLong.of(100),
                                OptionalLong.empty(),
                                OptionalLong.of(32 * MIB),
                                OptionalLong.empty()),
                        workspace));
    }

    @Test
    @Tag("one-driver")
    void aStorageLimitOfWhatIsNeverWrittenMayChange() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000", TestNode.storage(32 * MIB));
        node.begin(spec);
        node.driver().update(TestNode.spec(spec.id(), spec.command(), TestNode.storage(64 * MIB)));
    }

    @Test
    void aLimitThatWasChangedIsInForceAtTheNextStart() throws Exception {
        SandboxSpec first = TestNode.shell(
                "echo kept > /workspace/small", TestNode.storage(32 * MIB), new Workspace("/workspace", true));
        node.run(first);
        for (long mib : List.of(64, 20)) {
            node.driver().remove(first.id());
            SandboxSpec again = TestNode.spec(
                    first.id(),
                    List.of("/bin/sh", "-c", "cat /workspace/small; df -m --output=size /workspace | tail -1"),
                    TestNode.storage(mib * MIB),
                    new Workspace("/workspace", true));
            assertThat(node.run(again).code()).isZero();
            String[] lines = node.output(first.id()).split("\\s+");
            assertThat(lines[lines.length - 2]).isEqualTo("kept");
            assertThat(Long.parseLong(lines[lines.length - 1])).isBetween(mib / 2, mib);
        }
    }

    @Test
    void anImageIsKnownToBeInUseWhileItIsMounted() throws Exception {
        SandboxSpec spec = TestNode.shell("sleep 1000", TestNode.storage(32 * MIB), new Workspace("/workspace", true));
        node.begin(spec);
        Path image = new SandboxFiles(node.settings(), spec.id()).directory().resolve("workspace.img");
        LoopDevices loopDevices = LoopDevices.ofThisMachine();
        assertThat(loopDevices.isInUse(image)).isTrue();
        node.driver().remove(spec.id());
        await().until(() -> !loopDevices.isInUse(image));
    }

    @Test
    void whatIsAskedForIsTakenFromTheDiskAtOnce() throws Exception {
        SandboxSpec spec = TestNode.shell("true", TestNode.storage(32 * MIB), new Workspace("/workspace", true));
        node.run(spec);
        assertThat(bytesOnDisk(spec)).isGreaterThanOrEqualTo(32 * MIB);
    }

    @Test
    @Tag("one-driver")
    void anAgentWithoutALimitHasTheNodes() throws Exception {
        try (TestNode other = TestNode.start(HostRoot.DEFAULT, 0, OptionalLong.of(32 * MIB))) {
            SandboxSpec spec = TestNode.shell(
                    "dd if=/dev/zero of=/workspace/fill bs=1M count=100 2>&1", new Workspace("/workspace", true));
            assertThat(other.run(spec).code()).isNotZero();
            assertThat(other.output(spec.id())).contains("No space left on device");
            SandboxSpec without = TestNode.shell("true");
            other.run(without);
            assertThat(new SandboxFiles(other.settings(), without.id())
                            .directory()
                            .resolve("workspace.img"))
                    .doesNotExist();
        }
    }

    @Test
    @Tag("one-driver")
    void theProbeReallyMountsAnImage() {
        assertThat(node.driver().probe())
                .isInstanceOfSatisfying(
                        DriverProbe.Ready.class,
                        ready -> assertThat(ready.features()).contains("host-root", "ephemeral-storage"));
    }

    private long bytesOnDisk(SandboxSpec spec) throws Exception {
        Path image = new SandboxFiles(node.settings(), spec.id()).directory().resolve("workspace.img");
        return TestNode.bytesOnDisk(image);
    }

    private static int loopDevicesInUse() throws IOException {
        try (var devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
            int count = 0;
            for (Path device : devices) {
                if (Files.exists(device.resolve("loop/backing_file"))) {
                    count++;
                }
            }
            return count;
        }
    }
}
