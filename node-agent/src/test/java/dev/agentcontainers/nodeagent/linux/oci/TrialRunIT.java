package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A probe's trial run is nobody's leftover while it is under way. */
@Tag("node")
@Timeout(120)
class TrialRunIT {
    private static final int PROBES = 5;
    private static final Executor OWN_THREAD =
            work -> Thread.ofPlatform().daemon().start(work);

    @Test
    void whoRemovesLeftoversMeanwhileDoesNotDisturbIt() throws Exception {
        try (TestNode node = TestNode.start()) {
            OciDriver driver = node.driver();
            for (int probe = 0; probe < PROBES; probe++) {
                CompletableFuture<DriverProbe> found = CompletableFuture.supplyAsync(driver::probe, OWN_THREAD);
                while (!found.isDone()) {
                    for (SandboxId id : driver.list()) {
                        driver.remove(id);
                        driver.purge(id);
                    }
                }
                assertThat(found.get()).isInstanceOf(DriverProbe.Ready.class);
                assertThat(driver.list()).isEmpty();
            }
        }
    }

    @Test
    void oneThatAnEarlierProcessLeftIsFound() throws Exception {
        try (TestNode node = TestNode.start()) {
            SandboxId left = new SandboxId("probe-left");
            node.driver().prepare(TestNode.spec(left, List.of("/bin/true"), TestNode.limits(1000, 64 << 20, 16)));
            assertThat(node.newDriver().list()).containsExactly(left);
            assertThat(node.driver().list()).containsExactly(left);
        }
    }
}
