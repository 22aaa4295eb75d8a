package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.nodeagent.driver.SwitchableDriver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a driver lacks may come, and what it has may go, while the node agent runs. */
class NodeDriversTest {
    private final SwitchableDriver tool = new SwitchableDriver(false);
    private final AtomicInteger changes = new AtomicInteger();

    @Test
    void aToolThatComesAndGoesIsNoticed() throws Exception {
        try (NodeDrivers drivers = new NodeDrivers(List.of(tool), Duration.ofMillis(5))) {
            drivers.watch(changes::incrementAndGet);
            await().untilAsserted(
                            () -> assertThat(drivers.probes()).containsEntry("switchable", SwitchableDriver.MISSING));
            int before = changes.get();

            tool.tool(true);
            await().untilAsserted(
                            () -> assertThat(drivers.probes()).containsEntry("switchable", SwitchableDriver.READY));
            await().until(() -> changes.get() == before + 1);

            tool.tool(false);
            await().untilAsserted(
                            () -> assertThat(drivers.probes()).containsEntry("switchable", SwitchableDriver.MISSING));
            assertThat(drivers.measured()).containsEntry("switchable", SwitchableDriver.READY);
            await().until(() -> changes.get() == before + 2);
        }
    }
}
