package dev.agentcontainers.bench.strength;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.drivers.RuntimeDrivers;
import dev.agentcontainers.bench.mxc.MxcPackage;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.fence.LinuxFenceSettings;
import dev.agentcontainers.nodeagent.linux.strength.LinuxStrengthSuite;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The node agent's suite of attempts against its drivers and, beside them, against the MXC SDK's bubblewrap backend. */
public final class StrengthComparison implements Benchmark {
    private static final int ETHERNET = 1500;

    @Override
    public String description() {
        return "what sandboxes withstand, beside those of the MXC SDK's bubblewrap backend (root, npm)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (RuntimeDrivers drivers = RuntimeDrivers.open("strength");
                MxcSandboxes mxc = new MxcSandboxes(
                        MxcPackage.unpack(run.root().resolve("bench/target/downloads"), drivers.folder()),
                        drivers.folder())) {
            Map<String, StrengthReport> reports = new LinkedHashMap<>();
            LinuxFenceSettings fence = new LinuxFenceSettings(
                    "agenttrial-bench", Optional.empty(), Path.of("/run/netns"), drivers.folder(), ETHERNET);
            for (IsolationDriver driver : drivers.all()) {
                reports.put(driver.name(), measure(driver, drivers.folder(), Optional.of(fence)));
            }
            // As its documentation wants it: without any network.
            reports.put(mxc.name(), measure(mxc, drivers.folder(), Optional.empty()));
            tell(reports, report);
            report.gate("attempts that a driver of ours did not withstand", notWithstood(reports, mxc.name()), 0, "");
        }
    }

    private static StrengthReport measure(IsolationDriver driver, Path folder, Optional<LinuxFenceSettings> fence)
            throws InterruptedException {
        if (!(driver.probe() instanceof DriverProbe.Ready ready)) {
            throw new UserException("driver %s is not ready: %s".formatted(driver.name(), driver.probe()));
        }
        return new LinuxStrengthSuite(folder.resolve("suite"), fence, Clock.systemUTC()).measure(driver, ready);
    }

    private static long notWithstood(Map<String, StrengthReport> reports, String peer) {
        return reports.entrySet().stream()
                .filter(each -> !each.getKey().equals(peer))
                .mapToLong(each -> each.getValue().failures().size()
                        + each.getValue().unknown().size())
                .sum();
    }

    /** One line for each attempt: what came of it in each, with the evidence where it was not withstood. */
    private static void tell(Map<String, StrengthReport> reports, Report report) {
        reports.forEach((driver, each) -> report.figure(
                driver,
                "%s: withstood %d, failed %d, not known %d, not applicable %d"
                        .formatted(
                                each.version(),
                                each.count(Verdict.PASSED),
                                each.count(Verdict.FAILED),
                                each.count(Verdict.UNKNOWN),
                                each.count(Verdict.NOT_APPLICABLE))));
        Map<String, List<String>> lines = new LinkedHashMap<>();
        reports.forEach((driver, each) -> {
            for (ProbeResult result : each.results()) {
                lines.computeIfAbsent(result.probe(), _ -> new ArrayList<>()).add(driver + " " + word(result));
            }
        });
        lines.forEach((probe, words) -> report.figure(probe, String.join(" | ", words)));
    }

    private static String word(ProbeResult result) {
        String verdict = result.verdict().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return result.verdict() == Verdict.FAILED || result.verdict() == Verdict.UNKNOWN
                ? verdict + " (" + result.evidence() + ")"
                : verdict;
    }
}
