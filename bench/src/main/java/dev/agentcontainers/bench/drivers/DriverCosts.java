package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * The drivers beside each other, beside their runtimes' own {@code run} of the same bundle and beside bubblewrap alone; micro-VMs beside
 * QEMU alone. The agent
 * is {@code date}, as in {@code latency}; there is no fence and no supervisor here.
 */
public final class DriverCosts implements Benchmark {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final List<String> DATE = List.of("/bin/date", "+%s%N");
    private static final String FIRST = " → first instruction";
    private static final String END = " → exit";

    @Override
    public String description() {
        return "start to first instruction and to exit of each driver, beside its runtime, QEMU and bwrap alone (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (RuntimeDrivers drivers = RuntimeDrivers.open("drivers")) {
            SandboxRoot root = new SandboxRoot.Image(List.of(SmallImage.layer(drivers.folder())), "");
            measureStarts(run, report, drivers, root);
            measureMemory(run, report, drivers.container(), root);
            measureMemory(run, report, drivers.gvisor(), root);
            Optional<Machines> machines = drivers.machines(report);
            if (machines.isPresent()) {
                new MachineCosts(machines.get(), drivers.folder(), root).measure(run, report, DATE, FIRST, END);
            }
        }
    }

    /** One way to run an agent to its end. */
    private interface Start {
        Times run() throws IOException, SandboxException, InterruptedException;
    }

    private static void measureStarts(Run run, Report report, RuntimeDrivers drivers, SandboxRoot image)
            throws IOException, SandboxException, InterruptedException {
        Map<String, Start> ways = ways(drivers, image);
        List<String> names = List.copyOf(ways.keySet());
        int warmUp = run.times(8, 2);
        int rounds = run.times(40, 8);
        for (int i = 0; i < warmUp + rounds; i++) {
            // In turn which is first, so that none always finds what another left warm.
            for (int turn = 0; turn < names.size(); turn++) {
                String name = names.get((i + turn) % names.size());
                Times times = Objects.requireNonNull(ways.get(name)).run();
                if (i >= warmUp) {
                    report.samples(name + FIRST).addNanos(times.first());
                    report.samples(name + END).addNanos(times.end());
                }
            }
        }
        for (RuntimeDrivers.Choice choice : drivers.choices()) {
            reportAdded(report, choice, FIRST);
            reportAdded(report, choice, END);
        }
    }

    private static void reportAdded(Report report, RuntimeDrivers.Choice choice, String until) {
        Samples alone = report.samples(alone(choice) + until);
        Samples driven = report.samples(driven(choice) + until);
        report.figure(
                driven(choice) + until + ", added to its runtime alone, medians",
                "%.1f ms, %.2f times".formatted(driven.median() - alone.median(), driven.median() / alone.median()));
    }

    private static String alone(RuntimeDrivers.Choice choice) {
        return "%s alone, bundle of %s"
                .formatted(choice.runtime(), choice.driver().name());
    }

    private static String driven(RuntimeDrivers.Choice choice) {
        return "driver " + choice;
    }

    /** Each driver beside its runtime's {@code run} of the same bundle, which is at hand. */
    private static Map<String, Start> ways(RuntimeDrivers drivers, SandboxRoot image)
            throws IOException, SandboxException {
        Map<String, Start> ways = new LinkedHashMap<>();
        Bubblewrap bubblewrap = new Bubblewrap();
        ways.put("bwrap alone", () -> {
            Instant begin = Instant.now();
            return Times.endingNow(begin, instant(bubblewrap.run(DATE).strip()));
        });
        for (RuntimeDrivers.Choice choice : drivers.choices()) {
            SandboxRoot root = choice.driver().name().equals("process") ? SandboxRoot.HOST : image;
            BareRun runtime = bare(choice, root);
            ways.put(alone(choice), () -> {
                Instant begin = Instant.now();
                return Times.endingNow(begin, instant(runtime.run().strip()));
            });
            ways.put(driven(choice), () -> start(choice.driver(), root));
        }
        return ways;
    }

    private static BareRun bare(RuntimeDrivers.Choice choice, SandboxRoot root) throws IOException, SandboxException {
        return switch (choice.driver().name()) {
            case "process" -> BareRun.of(choice.settings(), date(root));
            case "container" -> BareRun.container(choice.settings(), date(root));
            default -> BareRun.gvisor(choice.settings(), date(root));
        };
    }

    private static Times start(OciDriver driver, SandboxRoot root)
            throws IOException, SandboxException, InterruptedException {
        SandboxSpec spec = date(root);
        Instant begin = Instant.now();
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        driver.awaitExit(spec.id());
        Instant end = Instant.now();
        String line = Files.readAllLines(driver.log(spec.id())).getFirst();
        driver.purge(spec.id());
        Instant first = instant(line.substring(line.lastIndexOf(' ') + 1));
        return Times.between(begin, first, end);
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
            kibibytes += ProcessMemory.of(spec.id());
        }
        report.figure(
                "driver " + driver.name() + ": proportional memory for each idle agent",
                "%.1f MiB (of %d)".formatted(kibibytes / 1024.0 / agents, agents));
        for (SandboxSpec spec : idle) {
            driver.purge(spec.id());
        }
    }

    private static SandboxSpec date(SandboxRoot root) {
        return spec(root, DATE);
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
}
