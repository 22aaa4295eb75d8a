package dev.agentcontainers.nodeagent.linux.strength;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.TestMicroVm;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The suite in virtual machines whose processors are emulated. */
@Tag("node")
@Timeout(900)
class MicroVmStrengthIT {
    @Test
    void agentsInVirtualMachinesWithstandAllAndHaveAKernelOfTheirOwn() throws Exception {
        Path directory = Files.createTempDirectory("agentcontainers-strength");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        OciDriver driver = TestMicroVm.driver(OciSettings.of(
                directory.resolve("state"),
                directory.resolve("run"),
                "/agentcontainers-test-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(300_000_000, 64 * IdRange.PER_SANDBOX),
                0));
        LinuxFenceSettings fence = new LinuxFenceSettings(
                "actrial-" + directory.getFileName().toString().replaceAll("[^0-9]", ""),
                Optional.empty(),
                Path.of("/run/netns"),
                directory,
                1500);
        try {
            DriverProbe.Ready ready = (DriverProbe.Ready) driver.probe();
            assertThat(ready.strength()).isEqualTo(IsolationLevel.Container);
            // As it counts where processors are real: whether they are makes no difference to what is attempted.
            DriverProbe.Ready claiming =
                    new DriverProbe.Ready(ready.version(), IsolationLevel.MicroVM, ready.features(), ready.notes());
            StrengthReport report = new LinuxStrengthSuite(
                            directory.resolve("trial"), Optional.of(fence), Clock.systemUTC())
                    .measure(driver, claiming);
            Map<String, Verdict> verdicts =
                    report.results().stream().collect(Collectors.toMap(ProbeResult::probe, ProbeResult::verdict));
            assertThat(report.failures()).as(report.results().toString()).isEmpty();
            assertThat(verdicts).as(report.unknown().toString()).contains(entry("kernel-of-its-own", Verdict.PASSED));
            assertThat(report.strength()).contains(IsolationLevel.MicroVM);
        } finally {
            driver.forget();
            DeepDeletion.delete(directory);
        }
    }
}
