package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.linux.oci.BareRun;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The drivers of images beside each other and beside their runtimes' own {@code run} of the same bundle. The agent is
 * {@code date}, as in {@code latency}; there is no fence and no supervisor here.
 */
public final class DriverCosts implements Benchmark {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    @Override
    public String description() {
        return "start and idle memory of the drivers container and gvisor, beside crun and runsc alone (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (RuntimeDrivers drivers = RuntimeDrivers.open("drivers")) {
            SandboxRoot root = new SandboxRoot.Image(List.of(layer(drivers.folder())), "");
            measureStarts(run, report, drivers, root);
            measureMemory(run, report, drivers.container(), root);
            measureMemory(run, report, drivers.gvisor(), root);
        }
    }

    private static void measureStarts(Run run, Report report, RuntimeDrivers drivers, SandboxRoot root)
            throws IOException, SandboxException, InterruptedException {
        OciDriver container = drivers.container();
        OciDriver gvisor = drivers.gvisor();
        BareRun crun = BareRun.container(drivers.settings(), date(root));
        BareRun runsc = BareRun.gvisor(drivers.settings(), date(root));
        int warmUp = run.times(10, 2);
        int rounds = run.times(60, 8);
        for (int i = 0; i < warmUp + rounds; i++) {
            // In turn which is first, so that none always finds what another left warm.
            for (int turn = 0; turn < 4; turn++) {
                boolean counts = i >= warmUp;
                switch ((i + turn) % 4) {
                    case 0 -> add(report, counts, "crun or runc alone, bundle at hand", bare(crun));
                    case 1 ->
                        add(report, counts, "driver container: prepare → first instruction", start(container, root));
                    case 2 -> add(report, counts, "runsc alone, bundle at hand", bare(runsc));
                    default -> add(report, counts, "driver gvisor: prepare → first instruction", start(gvisor, root));
                }
            }
        }
        Samples alone = report.samples("runsc alone, bundle at hand");
        Samples driven = report.samples("driver gvisor: prepare → first instruction");
        report.figure(
                "driver gvisor to runsc alone, ratio of medians", "%.2f".formatted(driven.median() / alone.median()));
    }

    private static void add(Report report, boolean counts, String what, long nanos) {
        if (counts) {
            report.samples(what).addNanos(nanos);
        }
    }

    private static long bare(BareRun runtime) throws IOException {
        Instant begin = Instant.now();
        return Duration.between(begin, instant(runtime.run().strip())).toNanos();
    }

    private static long start(OciDriver driver, SandboxRoot root)
            throws IOException, SandboxException, InterruptedException {
        SandboxSpec spec = date(root);
        Instant begin = Instant.now();
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        driver.awaitExit(spec.id());
        String line = Files.readAllLines(driver.log(spec.id())).getFirst();
        driver.purge(spec.id());
        return Duration.between(begin, instant(line.substring(line.lastIndexOf(' ') + 1)))
                .toNanos();
    }

    private static Instant instant(String nanos) {
        long since1970 = Long.parseLong(nanos);
        return Instant.ofEpochSecond(since1970 / NANOS_PER_SECOND, since1970 % NANOS_PER_SECOND);
    }

    /** Of agents that sleep, together with their shims. */
    private static void measureMemory(Run run, Report report, OciDriver driver, SandboxRoot root)
            throws IOException, SandboxException {
        int agents = run.times(20, 4);
        List<SandboxSpec> idle = new ArrayList<>();
        for (int i = 0; i < agents; i++) {
            SandboxSpec spec = spec(root, List.of("/bin/sleep", "1000"));
            driver.prepare(spec);
            driver.create(spec);
            driver.start(spec.id());
            idle.add(spec);
        }
        long kibibytes = 0;
        for (SandboxSpec spec : idle) {
            kibibytes += memory(spec.id());
        }
        report.figure(
                "driver " + driver.name() + ": proportional memory for each idle agent",
                "%.1f MiB (of %d)".formatted(kibibytes / 1024.0 / agents, agents));
        for (SandboxSpec spec : idle) {
            driver.purge(spec.id());
        }
    }

    /** The proportional set size of all processes that are in control groups of the sandbox's name, in KiB. */
    private static long memory(SandboxId id) throws IOException {
        long sum = 0;
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes
                    .filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList()) {
                sum += memory(process, id);
            }
        }
        return sum;
    }

    private static long memory(Path process, SandboxId id) {
        try {
            if (!Files.readString(process.resolve("cgroup")).contains("/" + id.value())) {
                return 0;
            }
            return Files.readAllLines(process.resolve("smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum();
        } catch (IOException e) {
            // It has ended meanwhile.
            return 0;
        }
    }

    private static SandboxSpec date(SandboxRoot root) {
        return spec(root, List.of("/bin/date", "+%s%N"));
    }

    private static SandboxSpec spec(SandboxRoot root, List<String> command) {
        return new SandboxSpec(
                new SandboxId(UUID.randomUUID().toString()),
                root,
                "agent",
                Map.of(),
                command,
                "/",
                Map.of(),
                ResourceAmounts.NONE,
                ResourceAmounts.NONE,
                List.of());
    }

    /** The host's date and sleep with the libraries that they need. */
    private static Path layer(Path folder) {
        Path layer = folder.resolve("layer");
        Commands.run(
                "sh",
                "-ec",
                "umask 022; mkdir -p $0/bin $0/etc; cp -L /bin/date /bin/sleep $0/bin;"
                        + " for l in $(ldd /bin/date /bin/sleep | grep -o '/[^ )]*' | grep '\\.so' | sort -u);"
                        + " do mkdir -p $0$(dirname $l); cp -L $l $0$l; done",
                layer.toString());
        return layer;
    }
}
