package dev.agentcontainers.bench.egress;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.MachineMemory;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.policy.RulesetHash;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A fence with many agents, each of a policy group of its own: loading all rules, changing those of one, attaching one more. */
public final class FenceLoad implements Benchmark {
    private static final int RULES = 10;
    private static final double MOST_CHANGE_MILLIS = 50;
    private static final double MOST_LOAD_MILLIS = 1500;

    @Override
    public String description() {
        return "1,000 agents in one fence: load all rules, change one agent's, attach one more; memory of each (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        int agents = run.times(1000, 50);
        try (BenchNetwork network = BenchNetwork.make()) {
            List<GroupRuleset> groups = new ArrayList<>();
            for (int i = 0; i < agents; i++) {
                groups.add(group(i, 443));
            }
            MachineMemory before = MachineMemory.now();
            Samples load = report.samples("load all rules");
            for (int i = 0; i < run.times(5, 2); i++) {
                network.fence().apply(List.of());
                long begin = System.nanoTime();
                network.fence().apply(groups);
                load.addNanos(System.nanoTime() - begin);
            }
            MachineMemory loaded = MachineMemory.now();
            Samples attach = report.samples("attach an agent, %,d of them".formatted(agents));
            for (int i = 0; i < agents; i++) {
                var agent = network.agent();
                long begin = System.nanoTime();
                network.fence()
                        .attach(
                                new SandboxId(UUID.randomUUID().toString()),
                                agent,
                                groups.get(i).name());
                attach.addNanos(System.nanoTime() - begin);
            }
            report.figure("attach: the first 100, p50", "%.1f ms".formatted(median(attach, 0, 100)));
            report.figure("attach: the last 100, p50", "%.1f ms".formatted(median(attach, agents - 100, agents)));
            MachineMemory attached = MachineMemory.now();
            report.figure("memory of each group's rules", grown(before, loaded, agents));
            report.figure("memory of each agent's attachment, its namespace too", grown(loaded, attached, agents));
            Samples change = report.samples("change the rules of one");
            for (int i = 0; i < run.times(20, 3); i++) {
                groups.set(7, group(7, 1000 + i));
                long begin = System.nanoTime();
                network.fence().apply(groups);
                change.addNanos(System.nanoTime() - begin);
            }
            Samples reload = report.samples("load all rules with all agents attached");
            for (int i = 0; i < run.times(5, 2); i++) {
                for (int group = 0; group < agents; group++) {
                    groups.set(group, group(group, 2000 + i));
                }
                long begin = System.nanoTime();
                network.fence().apply(groups);
                reload.addNanos(System.nanoTime() - begin);
            }
            report.gate("change the rules of one, p50", change.median(), MOST_CHANGE_MILLIS, "ms");
            report.gate("load all rules with all agents, p50", reload.median(), MOST_LOAD_MILLIS, "ms");
        }
    }

    /** Of what the node agent has for it only what it keeps, and not what it needs while it works. */
    private static String grown(MachineMemory from, MachineMemory to, int agents) {
        return "kernel %.1f KiB, node agent %.1f KiB"
                .formatted(
                        (double) (to.kernelSum() - from.kernelSum()) / agents,
                        (double) (to.heap() - from.heap()) / agents);
    }

    private static double median(Samples samples, int from, int to) {
        List<Double> some = samples.values().subList(Math.max(0, from), Math.min(samples.count(), to)).stream()
                .sorted()
                .toList();
        return some.get(some.size() / 2);
    }

    private static GroupRuleset group(int number, int port) {
        List<Allow> egress = new ArrayList<>();
        for (int i = 0; i < RULES; i++) {
            egress.add(new Allow(
                    "10.%d.%d.%d/32".formatted(30 + number / 250, number % 250, 1 + i), Protocol.TCP, port, port));
        }
        return new GroupRuleset("group-" + number, RulesetHash.of(egress, List.of(), List.of()), egress);
    }
}
