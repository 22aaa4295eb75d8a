package dev.agentcontainers.bench.strength;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.mxc.MxcPackage;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.localcluster.binaries.Gvisor;
import dev.agentcontainers.nodeagent.driver.DriverProbe;
import dev.agentcontainers.nodeagent.driver.IsolationDriver;
import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.oci.GvisorSettings;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.linux.process.Program;
import dev.agentcontainers.nodeagent.linux.storage.DeepDeletion;
import dev.agentcontainers.nodeagent.linux.strength.LinuxStrengthSuite;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.strength.ProbeResult;
import dev.agentcontainers.nodeagent.strength.ProbeResult.Verdict;
import dev.agentcontainers.nodeagent.strength.StrengthReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The node agent's suite of attempts against its drivers and, beside them, against the MXC SDK's bubblewrap backend. */
public final class StrengthComparison implements Benchmark {
    private static final String GROUP = "/agentcontainers-bench-strength";
    private static final long FIRST_ID = 330_000_000;

    @Override
    public String description() {
        return "what sandboxes withstand, beside those of the MXC SDK's bubblewrap backend (root, npm)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        Path runsc = Program.find("runsc")
                .map(Program::path)
                .or(() -> Gvisor.find(System.getenv()))
                .orElseThrow(
                        () -> new UserException("this benchmark needs runsc: docs/isolation.md says how to get it"));
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        OciDriver process = OciDriver.process(OciSettings.of(
                        folder.resolve("state"),
                        folder.resolve("run"),
                        GROUP,
                        new IdRange(FIRST_ID, 64 * IdRange.PER_SANDBOX),
                        64L << 20)
                .withGvisor(new GvisorSettings(Optional.of(runsc), GvisorSettings.SYSTRAP)));
        try {
            MxcSandboxes mxc =
                    new MxcSandboxes(MxcPackage.unpack(run.root().resolve("bench/target/downloads"), folder), folder);
            LinuxStrengthSuite suite = new LinuxStrengthSuite(folder.resolve("suite"), Clock.systemUTC());
            Map<String, StrengthReport> reports = new LinkedHashMap<>();
            for (IsolationDriver driver : List.of(process, process.container(), process.gvisor(), mxc)) {
                if (!(driver.probe() instanceof DriverProbe.Ready ready)) {
                    throw new UserException("driver %s is not ready: %s".formatted(driver.name(), driver.probe()));
                }
                reports.put(driver.name(), suite.measure(driver, ready));
            }
            tell(reports, report);
            report.gate("attempts that a driver of ours did not withstand", notWithstood(reports, mxc.name()), 0, "");
        } finally {
            for (SandboxId id : process.list()) {
                process.purge(id);
            }
            process.forget();
            DeepDeletion.delete(folder);
        }
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
