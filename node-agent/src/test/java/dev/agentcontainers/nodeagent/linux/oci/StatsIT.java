package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.RunUse;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec.ResolvedMount.Workspace;
import dev.agentcontainers.nodeagent.sandbox.SandboxState;
import dev.agentcontainers.nodeagent.sandbox.SandboxStats;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What real agents use, as the driver tells it. */
@Tag("node")
@Tag("runtime")
@Tag("resources")
@Timeout(120)
class StatsIT {
    private static final long MIB = 1 << 20;

    /** What gVisor's kernel takes for itself. */
    private static final long OWN_MEMORY = 100 * MIB;

    private static final String USES = """
        import os
        held = bytearray(os.urandom(50 << 20))
        with open("/workspace/fill", "wb") as file:
            file.write(os.urandom(10 << 20))
            file.flush()
            os.fsync(file.fileno())
        print("ready", flush=True)
        while True:
            pass
        """;

    private TestNode node;

    @BeforeEach
    void startNode() throws Exception {
        node = TestNode.start();
    }

    @AfterEach
    void closeNode() throws Exception {
        node.close();
    }

    private static String driver() {
        return System.getProperty("agentcontainers.test.driver", "process");
    }

    private static boolean countsProcesses() {
        return !driver().equals("gvisor") && !driver().equals("microvm");
    }

    /** A machine's kernel and QEMU are more than gVisor. */
    private static long ownMemory() {
        return driver().equals("microvm") ? MicroVmLimits.RESERVE + OWN_MEMORY : OWN_MEMORY;
    }

    private static long ownReserve() {
        return driver().equals("microvm") ? MicroVmLimits.RESERVE : 0;
    }

    private SandboxStats stats(SandboxSpec spec) throws Exception {
        return node.driver().stats(spec.id()).orElseThrow();
    }

    @Test
    void processorMemoryAndFilesOfAnAgentThatUsesThem() throws Exception {
        SandboxSpec spec = TestNode.spec(
                TestNode.newId(),
                List.of("python3", "-c", USES),
                new ResourceAmounts(
                        OptionalLong.of(500),
                        OptionalLong.of(512 * MIB),
                        OptionalLong.of(64 * MIB),
                        OptionalLong.of(50)),
                new Workspace("/workspace", true));
        assertThat(node.driver().stats(spec.id())).isEmpty();
        node.begin(spec);
        await().until(() -> node.output(spec.id()).equals("ready"));

        SandboxStats first = stats(spec);
        assertThat(first.memoryBytes().orElseThrow()).isBetween(50 * MIB, 75 * MIB + ownMemory());
        assertThat(first.memoryPeakBytes().orElseThrow())
                .isGreaterThanOrEqualTo(first.memoryBytes().orElseThrow());
        assertThat(first.storageBytes().orElseThrow()).isBetween(10 * MIB, 14 * MIB);
        assertThat(node.driver().state(spec.id()))
                .isInstanceOfSatisfying(
                        SandboxState.Running.class,
                        running -> assertThat(first.startedAt()).isEqualTo(running.startedAt()));
        assertThat(first.cpuLimitMillis()).hasValue(500);
        assertThat(first.memoryLimitBytes()).hasValue(512 * MIB + ownReserve());
        assertThat(first.storageLimitBytes()).hasValue(64 * MIB);
        assertThat(first.outOfMemoryKills()).hasValue(0);
        assertThat(first.processes()).isEqualTo(countsProcesses() ? OptionalLong.of(1) : OptionalLong.empty());
        assertThat(first.processLimit()).isEqualTo(countsProcesses() ? OptionalLong.of(50) : OptionalLong.empty());
        await().until(() ->
                stats(spec).cpuNanos().orElseThrow() > first.cpuNanos().orElseThrow() + 300_000_000L);
        assertThat(stats(spec).run()).isEqualTo(first.run());
        assertThat(node.newDriver().stats(spec.id()).orElseThrow().run())
                .as("after a restart of the node agent")
                .isEqualTo(first.run());

        long until = stats(spec).cpuNanos().orElseThrow();
        node.driver().kill(spec.id());
        SandboxState.ExitStatus exit = node.driver().awaitExit(spec.id());
        assertThat(node.driver().stats(spec.id())).isEmpty();
        RunUse use = exit.use().orElseThrow();
        assertThat(use.startedAt()).isEqualTo(first.startedAt());
        assertThat(use.endedAt()).isEqualTo(exit.finishedAt());
        assertThat(use.cpuNanos().orElseThrow()).isGreaterThanOrEqualTo(until);
        assertThat(use.memoryPeakBytes().orElseThrow()).isBetween(60 * MIB, 512 * MIB);
        assertThat(use.storageBytes().orElseThrow()).isBetween(10 * MIB, 14 * MIB);
        assertThat(use.outOfMemoryKills()).hasValue(0);
        assertThat(node.newDriver().state(spec.id()))
                .as("to a node agent that was not there then")
                .isEqualTo(new SandboxState.Exited(exit));
    }

    /** What a run used before is not counted for the next one, and nobody is told of what went with the control groups. */
    @Test
    void eachRunIsCountedFromItsStart() throws Exception {
        SandboxSpec spec = TestNode.shell(
                "test -e /workspace/again || { touch /workspace/again; timeout 1 sh -c 'while :; do :; done'; }",
                new Workspace("/workspace", true));
        RunUse first = node.run(spec).use().orElseThrow();
        assertThat(first.storageBytes()).as("without a limit").isEmpty();
        node.driver().remove(spec.id());
        assertThat(node.driver().state(spec.id())).isEqualTo(new SandboxState.Absent());
        RunUse second = node.run(spec).use().orElseThrow();
        assertThat(first.cpuNanos().orElseThrow() - second.cpuNanos().orElseThrow())
                .isGreaterThan(300_000_000);
        assertThat(second.startedAt()).isAfterOrEqualTo(first.endedAt());
        node.driver().purge(spec.id());
    }

    @Test
    @Tag("shared-machine")
    void anAgentWithoutLimitsHasNoneAndFilesAmongOthersAreNotCounted() throws Exception {
        SandboxSpec spec = TestNode.shell("echo ready; sleep 1000", new Workspace("/workspace", true));
        node.begin(spec);
        await().until(() -> node.output(spec.id()).equals("ready"));
        SandboxStats stats = stats(spec);
        assertThat(stats.cpuLimitMillis()).isEmpty();
        assertThat(stats.memoryLimitBytes()).isEmpty();
        assertThat(stats.storageBytes()).isEmpty();
        assertThat(stats.storageLimitBytes()).isEmpty();
        assertThat(stats.memoryBytes().orElseThrow()).isPositive();
        assertThat(stats.cpuNanos().orElseThrow()).isPositive();
    }

    /** Looked at all the while, as it is created, runs, ends and is removed: what ends gives nothing, and never an error. */
    @Test
    void anAgentThatEndsInTheMiddleGivesNothing() throws Exception {
        SandboxSpec spec = TestNode.shell("exit 3", TestNode.storage(32 * MIB), new Workspace("/workspace", true));
        AtomicBoolean over = new AtomicBoolean();
        int[] looks = new int[2];
        Throwable[] failure = new Throwable[1];
        Thread looking = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                try {
                    looks[node.driver().stats(spec.id()).isPresent() ? 1 : 0]++;
                } catch (Exception | Error e) {
                    failure[0] = e;
                    return;
                }
            }
        });
        for (int run = 0; run < 3; run++) {
            assertThat(node.run(spec).code()).isEqualTo(3);
            node.driver().remove(spec.id());
        }
        node.driver().purge(spec.id());
        over.set(true);
        looking.join();
        assertThat(failure[0]).isNull();
        assertThat(looks[0]).isPositive();
        assertThat(looks[1]).isPositive();
        assertThat(node.driver().stats(spec.id())).isEmpty();
    }
}
