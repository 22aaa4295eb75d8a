package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MeasuredStrengthTest {
    private static final DriverProbe.Ready READY = ready("crun 1");

    @TempDir
    private Path folder;

    private MeasuredStrength measured;

    @BeforeEach
    void open() {
        measured = new MeasuredStrength(new StrengthReports(folder), "2", "6.18");
    }

    private static DriverProbe.Ready ready(String version) {
        return new DriverProbe.Ready(version, IsolationLevel.Container, List.of(), List.of());
    }

    private void found(String suite, String kernel, ProbeResult... results) {
        new StrengthReports(folder)
                .write(new StrengthReport(
                        suite,
                        "container",
                        READY.version(),
                        IsolationLevel.Container,
                        kernel,
                        Instant.EPOCH,
                        List.of(results)));
    }

    private static ProbeResult result(IsolationLevel level, Verdict verdict) {
        return new ProbeResult("denied-address", level, verdict, "it came out");
    }

    @Test
    void whatWasNeverMeasuredIsNeitherKnownNorRefused() {
        assertThat(measured.isKnown("container", READY)).isFalse();
        assertThatCode(() -> measured.require("container", READY, IsolationLevel.Container))
                .doesNotThrowAnyException();
    }

    @Test
    void whatHeldIsKnown() {
        found("2", "6.18", result(IsolationLevel.Process, Verdict.PASSED));
        assertThat(measured.isKnown("container", READY)).isTrue();
        assertThatCode(() -> measured.require("container", READY, IsolationLevel.Container))
                .doesNotThrowAnyException();
    }

    @Test
    void whatDidNotHoldIsRefusedForTheLevelThatNeedsIt() {
        found("2", "6.18", result(IsolationLevel.Container, Verdict.FAILED));
        assertThatThrownBy(() -> measured.require("container", READY, IsolationLevel.Container))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining("denied-address: it came out")
                .hasMessageContaining("agentctl node verify");
        assertThatCode(() -> measured.require("container", READY, IsolationLevel.Process))
                .doesNotThrowAnyException();
    }

    @Test
    void ofAnotherSuiteKernelOrVersionNothingIsBelieved() {
        found("1", "6.18", result(IsolationLevel.Process, Verdict.FAILED));
        assertThat(measured.isKnown("container", READY)).isFalse();
        found("2", "6.17", result(IsolationLevel.Process, Verdict.PASSED));
        assertThat(measured.isKnown("container", READY)).isFalse();
        found("2", "6.18", result(IsolationLevel.Process, Verdict.PASSED));
        assertThat(measured.isKnown("container", ready("crun 2"))).isFalse();
    }

    @Test
    void whatIsNotKnownOfOneAttemptIsNotKnown() {
        found(
                "2",
                "6.18",
                result(IsolationLevel.Process, Verdict.PASSED),
                result(IsolationLevel.Process, Verdict.UNKNOWN));
        assertThat(measured.isKnown("container", READY)).isFalse();
    }
}
