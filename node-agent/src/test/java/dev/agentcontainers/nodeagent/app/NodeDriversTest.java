package dev.agentcontainers.nodeagent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.SwitchableDriver;
import dev.agentcontainers.nodeagent.strength.GivenStrength;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a driver lacks may come, and what it has may go, while the node agent runs. */
class NodeDriversTest {
    private final SwitchableDriver tool = new SwitchableDriver(false);
    private final GivenStrength strength = new GivenStrength();
    private final AtomicInteger changes = new AtomicInteger();

    @TempDir
    private Path folder;

    private NodeDrivers drivers() {
        return new NodeDrivers(List.of(tool), strength, new StrengthReports(folder), Duration.ofMillis(5));
    }

    /** Not one more time, however often the request is seen. */
    @Test
    void itIsMeasuredAtTheStartAndOncePerRequest() throws Exception {
        tool.tool(true);
        try (NodeDrivers drivers = drivers()) {
            drivers.watch(changes::incrementAndGet);
            await().until(() -> drivers.reports().containsKey("switchable"));
            assertThat(drivers.answered()).isEmpty();
            int before = strength.measured();

            drivers.verify("monday");
            drivers.verify("monday");
            await().until(() -> drivers.answered().equals(Optional.of("monday")));
            drivers.verify("monday");

            strength.give(new ProbeResult("one", IsolationLevel.Process, ProbeResult.Verdict.FAILED, "seen"));
            drivers.verify("tuesday");
            await().until(() -> drivers.answered().equals(Optional.of("tuesday")));
            assertThat(strength.measured()).as("once for each").isEqualTo(before + 2);
            assertThat(drivers.probes().get("switchable"))
                    .isEqualTo(new DriverProbe.NotReady("its isolation does not hold: one (seen)"));
            assertThat(drivers.weaknesses()).containsKey("switchable");
        }
    }

    @Test
    void aToolThatComesAndGoesIsNoticed() throws Exception {
        try (NodeDrivers drivers = drivers()) {
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
