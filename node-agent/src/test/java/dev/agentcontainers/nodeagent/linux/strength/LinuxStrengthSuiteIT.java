package dev.agentcontainers.nodeagent.linux.strength;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.oci.TestGvisor;
import dev.agentcontainers.nodeagent.linux.oci.UnconfinedDriver;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The attempts, made in real sandboxes: those that hold, and one that is made weak so that the suite must find it out. */
@Tag("node")
@Timeout(120)
class LinuxStrengthSuiteIT {
    private Path directory;
    private OciSettings settings;

    @BeforeEach
    void makeNode() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        directory = Files.createTempDirectory("agentcontainers-strength");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        settings = OciSettings.of(
                directory.resolve("state"),
                directory.resolve("run"),
                "/agentcontainers-test-" + UUID.randomUUID().toString().substring(0, 8),
                new IdRange(300_000_000, 64 * IdRange.PER_SANDBOX),
                0);
    }

    @AfterEach
    void removeNode() throws Exception {
        if (directory != null) {
            DeepDeletion.delete(directory);
        }
    }

    @Test
    void agentsOverTheHostsRootWithstandAll() throws Exception {
        OciDriver driver = OciDriver.process(settings);
        StrengthReport report = measure(driver);
        assertThat(report.failures()).isEmpty();
        assertThat(report.strength()).contains(IsolationLevel.Process);
        assertThat(report.count(Verdict.PASSED)).isGreaterThanOrEqualTo(40);
        driver.forget();
    }

    @Test
    void agentsFromImagesWithstandAll() throws Exception {
        OciDriver process = OciDriver.process(settings);
        StrengthReport report = measure(process.container());
        assertThat(report.failures()).isEmpty();
        assertThat(report.strength()).contains(IsolationLevel.Container);
        process.forget();
    }

    @Test
    void agentsOverGvisorWithstandAllAndHaveAKernelOfTheirOwn() throws Exception {
        OciDriver process = OciDriver.process(settings.withGvisor(TestGvisor.required()));
        StrengthReport report = measure(process.gvisor());
        assertThat(report.failures()).isEmpty();
        assertThat(report.results())
                .filteredOn(result -> result.probe().equals("kernel-of-its-own"))
                .extracting(ProbeResult::verdict)
                .containsExactly(Verdict.PASSED);
        assertThat(report.strength()).contains(IsolationLevel.UserspaceKernel);
        process.forget();
    }

    /** What it may do is in its own user namespace only, but the kernel's seldom used parts answer it. */
    @Test
    void agentsWithoutAFilterAreFoundOut() throws Exception {
        OciDriver driver = UnconfinedDriver.of(settings);
        StrengthReport report = measure(driver);
        assertThat(report.failures().stream().map(ProbeResult::probe))
                .contains(
                        "no-privileges",
                        "no-new-privileges",
                        "system-call-filter",
                        "keyring",
                        "io-uring",
                        "raw-sockets",
                        "filesystem-mounted",
                        "nested-user-namespace")
                .doesNotContain("private-file-of-host", "process-killed", "loopback-of-host");
        assertThat(report.strength()).isEmpty();
        driver.forget();
    }

    private StrengthReport measure(IsolationDriver driver) throws Exception {
        DriverProbe.Ready ready = (DriverProbe.Ready) driver.probe();
        StrengthReport report =
                new LinuxStrengthSuite(directory.resolve("strength"), Clock.systemUTC()).measure(driver, ready);
        assertThat(driver.list()).as("what is left").isEmpty();
        try (Stream<Path> left = Files.list(directory.resolve("strength"))) {
            assertThat(left).isEmpty();
        }
        return report;
    }
}
