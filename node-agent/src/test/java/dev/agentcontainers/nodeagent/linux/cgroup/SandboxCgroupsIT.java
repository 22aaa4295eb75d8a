package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.TestRights;
import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against the kernel's own groups. */
@Tag("node")
class SandboxCgroupsIT {
    private static final int ROUNDS = 50;

    @Test
    void twoMayRemoveTheSameSandbox() throws Exception {
        SandboxCgroups groups = new SandboxCgroups(
                TestRights.hierarchies(),
                "/agentgroups-test-" + UUID.randomUUID().toString().substring(0, 8),
                ProcessCalls.ofThisMachine(),
                DescriptorCalls.ofThisMachine());
        assumeTrue(groups.areThere(), "needs control groups");
        Callable<Void> removal = () -> {
            groups.remove("one");
            return null;
        };
        try (ExecutorService removers = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < ROUNDS; round++) {
                List<Path> files = groups.prepareShim("one");
                Process process = new ProcessBuilder("sleep", "60").start();
                for (Path file : files) {
                    Files.writeString(file, Long.toString(process.pid()), StandardOpenOption.WRITE);
                }
                for (Future<Void> removed : removers.invokeAll(List.of(removal, removal))) {
                    removed.get();
                }
                assertThat(groups.exists("one")).isFalse();
                assertThat(process.waitFor()).isEqualTo(137);
            }
        } finally {
            groups.remove("one");
            groups.removeParent();
        }
    }
}
