package dev.agentcontainers.nodeagent.strength;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the results say of a driver's strength, and how they are kept. */
class StrengthReportTest {
    private static final ProbeResult WITHSTOOD =
            new ProbeResult("a", IsolationLevel.Process, Verdict.PASSED, "refused");

    private static StrengthReport report(ProbeResult... results) {
        return report(IsolationLevel.Container, results);
    }

    private static StrengthReport report(IsolationLevel claimed, ProbeResult... results) {
        return new StrengthReport("1", "container", "crun 1.8.1", claimed, "6.1.0", GivenStrength.AT, List.of(results));
    }

    private static ProbeResult failed(IsolationLevel level) {
        return new ProbeResult("b", level, Verdict.FAILED, "seen");
    }

    @Test
    void aFailureCostsItsLevelAndAllAbove() {
        assertThat(report(IsolationLevel.Container, WITHSTOOD).strength()).contains(IsolationLevel.Container);
        assertThat(report(IsolationLevel.MicroVM, WITHSTOOD, failed(IsolationLevel.Container))
                        .strength())
                .contains(IsolationLevel.Process);
        assertThat(report(IsolationLevel.Container, WITHSTOOD, failed(IsolationLevel.UserspaceKernel))
                        .strength())
                .contains(IsolationLevel.Container);
        assertThat(report(IsolationLevel.Container, WITHSTOOD, failed(IsolationLevel.Process))
                        .strength())
                .isEmpty();
    }

    @Test
    void whatIsNotKnownIsNotReachedEither() {
        StrengthReport report =
                report(WITHSTOOD, new ProbeResult("b", IsolationLevel.Container, Verdict.UNKNOWN, "too slow"));
        assertThat(report.strength()).contains(IsolationLevel.Process);
        assertThat(report.isConclusive()).isFalse();
        assertThat(report.failures()).isEmpty();
        assertThat(report(WITHSTOOD).isConclusive()).isTrue();
        assertThat(report().isConclusive()).isFalse();
    }

    @Test
    void nothingThatWasAttemptedIsNoStrength() {
        assertThat(report(IsolationLevel.Process).strength()).isEmpty();
        assertThat(report(
                                IsolationLevel.Process,
                                new ProbeResult("a", IsolationLevel.Process, Verdict.NOT_APPLICABLE, "no tool"))
                        .strength())
                .isEmpty();
    }

    @Test
    void whatIsKeptIsReadOnlyForTheSameSuiteAndKernel(@TempDir Path folder) throws Exception {
        StrengthReports reports = new StrengthReports(folder.resolve("strength"));
        assertThat(reports.read("container", "1", "6.1.0")).isEmpty();
        reports.write(report(WITHSTOOD, failed(IsolationLevel.Container)));
        assertThat(reports.read("container", "1", "6.1.0"))
                .contains(report(WITHSTOOD, failed(IsolationLevel.Container)));
        assertThat(reports.read("container", "2", "6.1.0")).isEmpty();
        assertThat(reports.read("container", "1", "6.2.0")).isEmpty();
        assertThat(reports.read("process", "1", "6.1.0")).isEmpty();
        Files.writeString(folder.resolve("strength/container.json"), "{");
        assertThat(reports.read("container", "1", "6.1.0")).isEmpty();
    }
}
