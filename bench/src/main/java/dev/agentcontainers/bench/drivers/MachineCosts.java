package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.oci.BareMachine;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/**
 * The driver {@code microvm} beside QEMU alone with the same machine. The clock of a machine is not the host's: here its first instruction
 * is when what it writes has come to the host, in both ways alike.
 */
final class MachineCosts {
    private static final List<String> IDLE = List.of("/bin/sleep", "infinity");

    private final Machines machines;
    private final Path folder;
    private final SandboxRoot image;

    MachineCosts(Machines machines, Path folder, SandboxRoot image) {
        this.machines = machines;
        this.folder = folder;
        this.image = image;
    }

    void measure(Run run, Report report, List<String> command, String first, String end)
            throws IOException, SandboxException, InterruptedException {
        String alone = "QEMU alone (%s)".formatted(machines.accelerator());
        String driven = "driver " + machines.choice();
        int rounds = run.times(6, 2);
        try (BareMachine machine = machines.alone(folder, command)) {
            for (int i = 0; i < 1 + rounds; i++) {
                boolean counts = i > 0;
                // In turn which is first, so that none always finds what the other left warm.
                for (int turn = 0; turn < 2; turn++) {
                    boolean aloneNow = (i + turn) % 2 == 0;
                    Times times = aloneNow ? run(machine) : start(Machines.spec(image, command));
                    if (counts) {
                        String name = aloneNow ? alone : driven;
                        report.samples(name + first).addNanos(times.first());
                        report.samples(name + end).addNanos(times.end());
                    }
                }
            }
        }
        for (String until : List.of(first, end)) {
            Samples less = report.samples(alone + until);
            Samples more = report.samples(driven + until);
            report.figure(
                    driven + until + ", added to QEMU alone, medians",
                    "%.0f ms, %.2f times".formatted(more.median() - less.median(), more.median() / less.median()));
        }
        measureMemory(run, report, alone, driven);
    }

    private static Times run(BareMachine machine) throws IOException, InterruptedException {
        Instant begin = Instant.now();
        Process process = machine.start();
        try (BufferedReader output = process.inputReader()) {
            String line = output.readLine();
            Instant first = Instant.now();
            List<String> rest = output.readAllLines();
            int code = process.waitFor();
            if (code != 0) {
                throw new IOException("QEMU alone ended with %d: %s %s".formatted(code, line, rest));
            }
            return Times.endingNow(begin, first);
        }
    }

    private Times start(SandboxSpec spec) throws IOException, SandboxException, InterruptedException {
        OciDriver driver = machines.driver();
        Instant begin = Instant.now();
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        int code = driver.awaitExit(spec.id()).code();
        Instant end = Instant.now();
        List<String> log = Files.readAllLines(driver.log(spec.id()));
        driver.purge(spec.id());
        if (code != 0) {
            throw new IOException("an agent of the driver microvm ended with %d: %s".formatted(code, log));
        }
        String line = log.getFirst();
        Instant first =
                OffsetDateTime.parse(line.substring(0, line.indexOf(' '))).toInstant();
        return Times.between(begin, first, end);
    }

    /** Of machines that are up and whose agents sleep, QEMU's and its monitor's, and the shims of the driver's. */
    private void measureMemory(Run run, Report report, String alone, String driven)
            throws IOException, SandboxException, InterruptedException {
        int agents = run.times(4, 2);
        OciDriver driver = machines.driver();
        List<SandboxSpec> idle = new ArrayList<>();
        long kibibytes = 0;
        for (int i = 0; i < agents; i++) {
            SandboxSpec spec = Machines.spec(image, IDLE);
            driver.prepare(spec);
            driver.create(spec);
            driver.start(spec.id());
            idle.add(spec);
        }
        for (SandboxSpec spec : idle) {
            try (ExecSession up = driver.exec(spec.id(), new ExecRequest(List.of("/bin/true"), false, false))) {
                up.awaitExit();
            }
        }
        for (SandboxSpec spec : idle) {
            kibibytes += ProcessMemory.of(spec.id());
        }
        report(report, driven, kibibytes, agents);
        for (SandboxSpec spec : idle) {
            driver.purge(spec.id());
        }
        List<BareMachine> bare = new ArrayList<>();
        try {
            List<Process> monitors = new ArrayList<>();
            for (int i = 0; i < agents; i++) {
                BareMachine machine = machines.alone(folder, IDLE);
                bare.add(machine);
                monitors.add(machine.start());
            }
            for (BareMachine machine : bare) {
                machine.awaitUp();
            }
            kibibytes = monitors.stream().mapToLong(ProcessMemory::of).sum();
            report(report, alone, kibibytes, agents);
        } finally {
            bare.forEach(BareMachine::close);
        }
    }

    private static void report(Report report, String name, long kibibytes, int agents) {
        report.figure(
                name + ": proportional memory for each idle agent",
                "%.1f MiB (of %d)".formatted(kibibytes / 1024.0 / agents, agents));
    }
}
