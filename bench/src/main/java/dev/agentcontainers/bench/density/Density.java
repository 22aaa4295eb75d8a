package dev.agentcontainers.bench.density;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.MachineMemory;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.bench.SupervisedAgent;
import dev.agentcontainers.bench.drivers.Machines;
import dev.agentcontainers.bench.drivers.RuntimeDrivers;
import dev.agentcontainers.nodeagent.linux.oci.BareIdle;
import dev.agentcontainers.nodeagent.linux.oci.BareMachine;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Agents that sleep, behind a fence, as many as are to be there: memory by parts, starts with many beside them, and what is left
 * after their deletion.
 */
public final class Density implements Benchmark {
    private static final double MOST_SHIM_MIB = 2;
    private static final int WARM_UP = 10;
    private static final int AROUND = 10;
    /** The kernel ends network namespaces and control groups some time after their last process. */
    private static final long SETTLED_WITHIN_SECONDS = 30;

    private static final long PAUSE_MILLIS = 500;
    private static final double MIBI = 1024;

    @Override
    public String description() {
        return "idle agents of each driver: memory of each by parts, starts with many beside them, nothing left of them (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        Commands.require("nft", "ip", "tc", "nsenter");
        for (Way way : Way.all()) {
            measure(run, report, way);
        }
        try (RuntimeDrivers drivers = RuntimeDrivers.open("density")) {
            Optional<Machines> machines = drivers.machines(report);
            if (machines.isPresent()) {
                measure(run, report, Way.of(machines.get()));
                measureBareMachines(run, report, machines.get(), drivers.folder());
            }
        }
    }

    private static void measure(Run run, Report report, Way way) throws Exception {
        Path folder;
        try (DensityNode node = DensityNode.open(way)) {
            folder = node.folder();
            measure(run, report, way, node);
            if (!way.hasImage()) {
                measureBare(run, report, way, node);
            }
        }
        Traces left = settled(() -> Traces.afterRemoval(folder), new Traces(Map.of()));
        report.gate(way + ": left of the node after its removal", left.sum(), 0, "things");
    }

    private static void measure(Run run, Report report, Way way, DensityNode node)
            throws IOException, SandboxException, InterruptedException {
        int agents = run.times(way.agents(), way.few());
        for (int i = 0; i < Math.min(WARM_UP, agents); i++) {
            node.start();
        }
        node.awaitUp();
        node.deleteAll();
        Thread.sleep(SETTLED_WITHIN_SECONDS * 1000 / 10);
        Traces tracesBefore = Traces.of(node);
        Groups groups = new Groups(DensityNode.CONTROL_GROUP);
        long proxyBefore = IdleAgents.proxy();
        MachineMemory before = MachineMemory.now();
        Samples starts = report.samples(way + ": assigned → running");
        for (int i = 0; i < agents; i++) {
            starts.addNanos(node.start());
        }
        node.awaitUp();
        Thread.sleep(PAUSE_MILLIS);
        MachineMemory with = MachineMemory.now();
        IdleAgents idle = new IdleAgents(
                agents,
                before,
                with,
                IdleAgents.each(groups.shims()),
                IdleAgents.proportional(groups.agents()),
                IdleAgents.proxy() - proxyBefore,
                groups.charged());
        Traces tracesWith = Traces.of(node);
        reportStarts(report, way, starts);
        reportMemory(report, way.toString(), idle);
        report.gate(way + ": the largest shim, proportional", idle.largestShim(), MOST_SHIM_MIB, "MiB");
        double deletion = node.deleteAll() / 1e9;
        report.figure(
                way + ": all deleted at once", "%.1f s, %.0f ms each".formatted(deletion, deletion * 1000 / agents));
        Traces after = settled(() -> Traces.of(node), tracesBefore);
        reportLeft(report, way, tracesBefore, tracesWith, after);
        MachineMemory gone = MachineMemory.now();
        report.figure(
                way + ": not given back after deletion",
                "%.1f KiB of heap, %.1f KiB of kernel memory for each agent"
                        .formatted(
                                (double) (gone.heap() - before.heap()) / agents,
                                (double) (gone.kernelSum() - before.kernelSum()) / agents));
    }

    private interface Count {
        Traces now() throws IOException;
    }

    /** Once there is no more than before, or after a while. */
    private static Traces settled(Count count, Traces before) throws IOException, InterruptedException {
        long giveUp = System.nanoTime() + SETTLED_WITHIN_SECONDS * 1_000_000_000;
        Traces now = count.now();
        while (!now.beyond(before).isEmpty() && System.nanoTime() < giveUp) {
            Thread.sleep(PAUSE_MILLIS);
            now = count.now();
        }
        return now;
    }

    private static void reportLeft(Report report, Way way, Traces before, Traces with, Traces after) {
        List<String> left = after.beyond(before);
        report.figure(way + ": with all agents, beyond before", String.join("; ", with.beyond(before)));
        report.figure(way + ": left after deletion", left.isEmpty() ? "nothing" : String.join("; ", left));
        report.gate(way + ": kinds of things left after deletion", left.size(), 0, "kinds");
    }

    /** Of the first ten, of ten around the hundredth, of the last ten. */
    private static void reportStarts(Report report, Way way, Samples starts) {
        List<Double> all = starts.values();
        List<String> medians = new ArrayList<>();
        for (int at : new TreeSet<>(List.of(1, Math.min(100, all.size()), all.size()))) {
            int from = Math.clamp(at - 1L - AROUND / 2, 0, Math.max(0, all.size() - AROUND));
            medians.add("agent %d: %.1f ms"
                    .formatted(at, median(all.subList(from, Math.min(all.size(), from + AROUND)))));
        }
        report.figure(way + ": start, median of ten around", String.join(", ", medians));
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static void reportMemory(Report report, String what, IdleAgents idle) {
        report.figure(
                what + ": agents per GiB",
                "%d by their parts (%.2f MiB each), %d by what the machine has less (%.2f MiB each); %d agents"
                        .formatted(
                                IdleAgents.perGibibyte(idle.sumOfParts()),
                                idle.sumOfParts() / MIBI,
                                IdleAgents.perGibibyte(idle.lessAvailable()),
                                idle.lessAvailable() / MIBI,
                                idle.count()));
        report.figure(
                what + ": each, processes",
                "shim %.0f KiB (largest %.2f MiB), agent %.0f KiB, proportional"
                        .formatted(idle.perAgent(idle.shimSum()), idle.largestShim(), idle.perAgent(idle.agents())));
        report.figure(
                what + ": each, kernel",
                "%.0f KiB: slab %.0f and %.0f reclaimable, stacks %.0f, page tables %.0f, per processor %.0f"
                        .formatted(
                                idle.perAgent(idle.kernelGrowth()),
                                idle.perAgent(idle.kernelGrowth("SUnreclaim")),
                                idle.perAgent(idle.kernelGrowth("SReclaimable")),
                                idle.perAgent(idle.kernelGrowth("KernelStack")),
                                idle.perAgent(idle.kernelGrowth("PageTables")),
                                idle.perAgent(idle.kernelGrowth("Percpu"))));
        report.figure(
                what + ": each, the rest",
                "files in memory %.0f KiB, node agent's heap %.1f KiB (resident %.1f), egress proxy %.1f KiB"
                        .formatted(
                                idle.perAgent(idle.filesGrowth()),
                                idle.perAgent(idle.nodeGrowth()),
                                idle.perAgent(
                                        idle.with().resident() - idle.before().resident()),
                                idle.perAgent(idle.proxyGrowth())));
        report.figure(
                what + ": each, charged to its control groups",
                "%.0f KiB, of it %.0f the kernel's"
                        .formatted(
                                idle.perAgent(idle.charged().all()),
                                idle.perAgent(idle.charged().kernel())));
    }

    /** The same agents held by conmon and the runtime alone. */
    private static void measureBare(Run run, Report report, Way way, DensityNode node)
            throws IOException, SandboxException, InterruptedException {
        int agents = run.times(Math.min(100, way.agents()), way.few());
        Groups groups = new Groups(DensityNode.CONTROL_GROUP);
        try (BareIdle bare = BareIdle.of(node.settings(), SupervisedAgent.spec(DensityNode.AGENT))) {
            Thread.sleep(PAUSE_MILLIS);
            Groups.Charged chargedBefore = groups.charged();
            MachineMemory before = MachineMemory.now();
            for (int i = 0; i < agents; i++) {
                bare.start();
            }
            Thread.sleep(PAUSE_MILLIS);
            MachineMemory with = MachineMemory.now();
            Groups.Charged charged = groups.charged();
            reportMemory(
                    report,
                    way + " alone",
                    new IdleAgents(
                            agents,
                            before,
                            with,
                            IdleAgents.each(bare.agents().stream()
                                    .map(BareIdle.Agent::shim)
                                    .toList()),
                            IdleAgents.proportional(bare.agents().stream()
                                    .map(BareIdle.Agent::process)
                                    .toList()),
                            0,
                            new Groups.Charged(
                                    charged.all() - chargedBefore.all(), charged.kernel() - chargedBefore.kernel())));
        }
    }

    /** The same agents in machines of QEMU's alone, whose monitors are in the shims' place. */
    private static void measureBareMachines(Run run, Report report, Machines machines, Path folder)
            throws IOException, InterruptedException {
        int agents = run.times(Way.of(machines).agents(), Way.of(machines).few());
        List<BareMachine> bare = new ArrayList<>();
        try {
            for (int i = 0; i < agents; i++) {
                bare.add(machines.alone(folder, DensityNode.AGENT));
            }
            MachineMemory before = MachineMemory.now();
            List<Process> monitors = new ArrayList<>();
            for (BareMachine machine : bare) {
                monitors.add(machine.start());
            }
            for (BareMachine machine : bare) {
                machine.awaitUp();
            }
            Thread.sleep(PAUSE_MILLIS);
            reportMemory(
                    report,
                    "QEMU alone (%s)".formatted(machines.accelerator()),
                    new IdleAgents(
                            agents,
                            before,
                            MachineMemory.now(),
                            IdleAgents.each(monitors.stream().map(Process::pid).toList()),
                            IdleAgents.proportional(monitors.stream()
                                    .flatMap(Process::descendants)
                                    .map(ProcessHandle::pid)
                                    .toList()),
                            0,
                            new Groups.Charged(0, 0)));
        } finally {
            bare.forEach(BareMachine::close);
        }
    }
}
