package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.nodeagent.strength.StrengthReports;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.util.Optional;

/**
 * What {@link StrengthCheck} has found out about this machine's drivers. Runs measure nothing themselves, and believe a report only of
 * the same suite, kernel and version.
 */
record MeasuredStrength(StrengthReports reports, String suite, String kernel) {
    MeasuredStrength(StrengthSuite suite, MachineFacts machine) {
        this(Place.strength(), suite.version(), machine.kernelVersion());
    }

    private Optional<StrengthReport> of(String driver, DriverProbe.Ready ready) {
        return reports.read(driver, suite, kernel)
                .filter(report -> report.version().equals(ready.version()));
    }

    /** Whether it is known of each attempt what came of it. */
    boolean isKnown(String driver, DriverProbe.Ready ready) {
        return of(driver, ready).filter(StrengthReport::isConclusive).isPresent();
    }

    /** Refuses what was found not to hold. What was never measured is not known to be weak. */
    void require(String driver, DriverProbe.Ready ready, IsolationLevel level) throws RefusedRunException {
        Optional<ProbeResult> failure = of(driver, ready).stream()
                .flatMap(report -> report.failures().stream())
                .filter(result -> result.level().compareTo(level) <= 0)
                .findFirst();
        if (failure.isPresent()) {
            throw new RefusedRunException(
                    "this machine can't run agents with isolation %s: it was found not to hold (%s: %s). When that is mended, agentctl node verify measures it anew"
                            .formatted(
                                    driver, failure.get().probe(), failure.get().evidence()));
        }
    }
}
