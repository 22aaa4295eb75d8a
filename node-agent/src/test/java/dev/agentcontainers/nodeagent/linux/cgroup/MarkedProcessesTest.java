package dev.agentcontainers.nodeagent.linux.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.linux.process.DescriptorCalls;
import dev.agentcontainers.nodeagent.linux.process.ProcessCalls;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** By real processes. */
@Tag("node")
class MarkedProcessesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final MarkedProcesses marked = new MarkedProcesses(
            "/test-" + System.nanoTime(), ProcessCalls.ofThisMachine(), DescriptorCalls.ofThisMachine());

    private Process start(String sandbox) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & exec sleep 1000");
        builder.environment().putAll(marked.mark(sandbox));
        return builder.start();
    }

    @Test
    void whatWasStartedForASandboxIsKilledWithAllThatItHasStartedAndNothingElseIs() throws Exception {
        Process one = start("a");
        Process other = start("ab");
        try {
            await().atMost(PATIENCE).until(() -> one.descendants().count() == 2);
            ProcessHandle[] begun = one.descendants().toArray(ProcessHandle[]::new);

            marked.kill("a", PATIENCE);

            assertThat(marked.areThere("a")).isFalse();
            assertThat(one.waitFor()).isEqualTo(137);
            for (ProcessHandle each : begun) {
                await().atMost(PATIENCE).until(() -> !each.isAlive());
            }
            assertThat(other.isAlive()).isTrue();
            assertThat(marked.areThere("ab")).isTrue();
        } finally {
            marked.kill("ab", PATIENCE);
        }
    }

    @Test
    void thereIsNothingOfASandboxThatNothingWasStartedFor() throws Exception {
        assertThat(marked.areThere("none")).isFalse();
        marked.kill("none", PATIENCE);
    }
}
