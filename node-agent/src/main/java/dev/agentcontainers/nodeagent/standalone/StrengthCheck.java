package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.platform.NodeSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import dev.agentcontainers.nodeagent.strength.StrengthSuite;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Measures how strongly this machine's drivers isolate, without a node agent. What it found is kept for runs. */
public record StrengthCheck(Platform platform, Consumer<String> warnings) {
    /** A driver, and what it has withstood or why it can't be launched. */
    public sealed interface Finding {
        String driver();

        record Measured(String driver, StrengthReport report) implements Finding {}

        record NotReady(String driver, String reason) implements Finding {}
    }

    /** Of each driver of this platform. What is made for it is removed. */
    public List<Finding> run() throws RefusedRunException, SandboxException, IOException, InterruptedException {
        try (ClaimedPlace claimed = ClaimedPlace.claim(platform, warnings)) {
            NodeSettings settings = claimed.place().settings();
            try {
                StandaloneRun.makeFolders(settings);
                return run(settings);
            } finally {
                new Leftovers(platform, settings).remove();
            }
        }
    }

    private List<Finding> run(NodeSettings settings) throws IOException, InterruptedException {
        StrengthSuite suite = platform.strength(settings);
        List<Finding> findings = new ArrayList<>();
        for (IsolationDriver driver : platform.drivers(settings)) {
            try {
                findings.add(
                        switch (driver.probe()) {
                            case DriverProbe.Ready ready ->
                                new Finding.Measured(driver.name(), kept(suite.measure(driver, ready)));
                            case DriverProbe.NotReady(String reason) -> new Finding.NotReady(driver.name(), reason);
                        });
            } finally {
                close(driver);
            }
        }
        return findings;
    }

    private static StrengthReport kept(StrengthReport report) {
        if (report.isConclusive() || !report.failures().isEmpty()) {
            Place.strength().write(report);
        }
        return report;
    }

    private static void close(IsolationDriver driver) throws IOException {
        if (driver instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
