package dev.agentcontainers.bench.drivers;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.driver.ExecSession;
import dev.agentcontainers.nodeagent.driver.IsolationDriver.ExecRequest;
import dev.agentcontainers.nodeagent.linux.oci.BareExec;
import dev.agentcontainers.nodeagent.linux.oci.OciDriver;
import dev.agentcontainers.nodeagent.linux.oci.OciSettings;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxRoot;
import dev.agentcontainers.nodeagent.sandbox.SandboxSpec;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** {@code true} by each driver's exec, from the call to its exit code, beside the runtime's own exec in the same agent. */
public final class ExecLatency implements Benchmark {
    private static final String PROGRAM = "/bin/true";
    private static final List<String> IDLE = List.of("/bin/sleep", "infinity");

    @Override
    public String description() {
        return "exec of true in a running agent of each driver, beside the runtime's own exec in the same agent (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (RuntimeDrivers drivers = RuntimeDrivers.open("exec")) {
            SandboxRoot image = new SandboxRoot.Image(List.of(SmallImage.layer(drivers.folder())), "");
            for (RuntimeDrivers.Choice choice : drivers.choices()) {
                OciDriver driver = choice.driver();
                SandboxRoot root = driver.name().equals("process") ? SandboxRoot.HOST : image;
                boolean slow = driver.name().equals("gvisor");
                measure(report, choice, idle(root), run.times(10, 2), run.times(slow ? 50 : 150, slow ? 6 : 10));
            }
            Optional<Machines> machines = drivers.machines(report);
            if (machines.isPresent()) {
                measure(report, machines.get().choice(), Machines.spec(image, IDLE), run.times(3, 1), run.times(30, 4));
            }
        }
    }

    private static void measure(Report report, RuntimeDrivers.Choice choice, SandboxSpec spec, int warmUp, int rounds)
            throws IOException, SandboxException, InterruptedException {
        OciDriver driver = choice.driver();
        OciSettings settings = choice.settings();
        driver.prepare(spec);
        driver.create(spec);
        driver.start(spec.id());
        try {
            BareExec bare = BareExec.in(settings, driver, spec.id());
            Samples alone = report.samples(choice + ": the runtime's own exec");
            Samples driven = report.samples(choice + ": the driver's exec");
            for (int i = 0; i < warmUp + rounds; i++) {
                boolean counts = i >= warmUp;
                // In turn which is first, so that none always finds what the other left warm.
                for (int turn = 0; turn < 2; turn++) {
                    boolean bareNow = (i + turn) % 2 == 0;
                    long nanos = bareNow ? bare.run(PROGRAM) : driven(driver, spec.id());
                    if (counts) {
                        (bareNow ? alone : driven).addNanos(nanos);
                    }
                }
            }
            report.figure(
                    choice + ": added by the driver, medians",
                    "%.1f ms, %.2f times the runtime's own"
                            .formatted(driven.median() - alone.median(), driven.median() / alone.median()));
        } finally {
            driver.purge(spec.id());
        }
    }

    private static long driven(OciDriver driver, SandboxId id)
            throws SandboxException, IOException, InterruptedException {
        long begin = System.nanoTime();
        int code;
        try (ExecSession session = driver.exec(id, new ExecRequest(List.of(PROGRAM), false, false))) {
            code = session.awaitExit();
        }
        long nanos = System.nanoTime() - begin;
        if (code != 0) {
            throw new IOException("exec by the driver %s ended with %d".formatted(driver.name(), code));
        }
        return nanos;
    }

    private static SandboxSpec idle(SandboxRoot root) {
        return new SandboxSpec(
                new SandboxId(UUID.randomUUID().toString()),
                root,
                "agent",
                Map.of(),
                IDLE,
                "/",
                Map.of(),
                ResourceAmounts.NONE,
                ResourceAmounts.NONE,
                List.of());
    }
}
