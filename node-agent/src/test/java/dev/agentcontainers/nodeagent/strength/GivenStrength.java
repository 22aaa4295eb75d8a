package dev.agentcontainers.nodeagent.strength;

import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Attempts of which a test says how they end. */
public final class GivenStrength implements StrengthSuite {
    public static final Instant AT = Instant.parse("2026-03-01T10:00:00Z");

    private final AtomicInteger measured = new AtomicInteger();
    private volatile List<ProbeResult> results =
            List.of(new ProbeResult("one", IsolationLevel.Process, Verdict.PASSED, "refused"));

    public void give(ProbeResult... given) {
        results = List.of(given);
    }

    /** How often it was asked for. */
    public int measured() {
        return measured.get();
    }

    @Override
    public String version() {
        return "test";
    }

    @Override
    public StrengthReport measure(IsolationDriver driver, DriverProbe.Ready ready) {
        measured.incrementAndGet();
        return new StrengthReport(version(), driver.name(), ready.version(), ready.strength(), "6.1.0", AT, results);
    }
}
