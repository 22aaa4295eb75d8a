package dev.agentcontainers.bench.egress;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.SandboxState.NetworkAttachment;
import dev.agentcontainers.policy.RulesetHash;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;

/**
 * What an agent's traffic loses to the fence: throughput and new connections, beside the same way with connection tracking and
 * masquerade but no filter, and beside one without either. The ways take turns.
 */
public final class EgressPath implements Benchmark {
    private static final int IPERF_PORT = 5201;
    private static final int OTHER_RULES = 200;
    private static final double MOST_LOST_PERCENT = 5;
    private static final double MOST_SLOWER = 1.2;
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A way from an agent to the servers. */
    private record Way(String label, NetworkAttachment agent, List<Double> gigabits) {
        Way(String label, NetworkAttachment agent) {
            this(label, agent, new ArrayList<>());
        }

        Samples connections(Report report) {
            return report.samples("new connection, " + label);
        }

        double throughput() {
            return sorted().get((gigabits.size() - 1) / 2);
        }

        List<Double> sorted() {
            return gigabits.stream().sorted().toList();
        }
    }

    @Override
    public String description() {
        return "throughput and new connections of a fenced agent, beside the same way without a filter (root, iperf3)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (BenchNetwork network = BenchNetwork.make("iperf3", "python3")) {
            Way fenced = new Way("fenced", network.agent());
            Way open = new Way("no filter", network.agent());
            Way untracked = new Way("no filter, no connection tracking", network.agent());
            network.fence().apply(List.of(group()));
            network.fence().attach(new SandboxId(UUID.randomUUID().toString()), fenced.agent(), "bench");
            network.route(open.agent(), 1, true);
            network.route(untracked.agent(), 2, false);
            network.serve("iperf3", "--server", "--bind", BenchNetwork.SERVER, "--forceflush");
            network.serve(
                    "python3", network.program("accept.py"), BenchNetwork.SERVER, Integer.toString(BenchNetwork.PORT));
            List<Way> ways = List.of(fenced, open, untracked);
            throughput(run, network, ways);
            connections(run, report, network, ways);
            for (Way way : ways) {
                List<Double> all = way.sorted();
                report.figure(
                        "throughput, " + way.label(),
                        "%.2f Gbit/s (%.2f to %.2f, n %d)"
                                .formatted(way.throughput(), all.getFirst(), all.getLast(), all.size()));
            }
            double share = fenced.throughput() / open.throughput();
            report.figure("throughput, fenced / no filter", "%.3f".formatted(share));
            report.figure(
                    "throughput, fenced / no connection tracking",
                    "%.3f".formatted(fenced.throughput() / untracked.throughput()));
            double p50 = fenced.connections(report).median();
            report.figure(
                    "new connection, fenced / no connection tracking",
                    "%.2f".formatted(p50 / untracked.connections(report).median()));
            report.gate("throughput: lost to the filter", 100 * (1 - share), MOST_LOST_PERCENT, "%");
            report.gate(
                    "new connection: p50, ratio to no filter",
                    p50 / open.connections(report).median(),
                    MOST_SLOWER,
                    "times");
        }
    }

    private static void throughput(Run run, BenchNetwork network, List<Way> ways) throws IOException {
        // Some kernels choose BBR, which paces by what it has measured: that would be compared then.
        String command = "iperf3 --client %s --port %d --congestion cubic --time %d --omit 1 --json"
                .formatted(BenchNetwork.SERVER, IPERF_PORT, run.times(4, 1));
        for (int round = 0; round < run.times(11, 1); round++) {
            for (Way way : inTurn(ways, round)) {
                double bits = JSON.readTree(network.inside(way.agent(), command))
                        .path("end")
                        .path("sum_received")
                        .path("bits_per_second")
                        .asDouble();
                way.gigabits().add(bits / 1e9);
            }
        }
    }

    private static void connections(Run run, Report report, BenchNetwork network, List<Way> ways) throws IOException {
        String command = "python3 %s %s %d %d"
                .formatted(network.program("connect.py"), BenchNetwork.SERVER, BenchNetwork.PORT, run.times(1000, 50));
        ways.forEach(way -> network.inside(way.agent(), command));
        for (int round = 0; round < run.times(11, 1); round++) {
            for (Way way : inTurn(ways, round)) {
                network.inside(way.agent(), command)
                        .lines()
                        .mapToLong(Long::parseLong)
                        .forEach(way.connections(report)::addNanos);
            }
        }
    }

    /** Each is as often first as any other. */
    private static List<Way> inTurn(List<Way> ways, int round) {
        List<Way> turned = new ArrayList<>(ways);
        Collections.rotate(turned, round);
        return turned;
    }

    /** The way to the servers, among many others. */
    private static GroupRuleset group() {
        List<Allow> egress = new ArrayList<>();
        egress.add(new Allow("10.20.0.0/24", Protocol.TCP, 1, 65535));
        for (int i = 0; i < OTHER_RULES; i++) {
            egress.add(new Allow("10.30.%d.0/25".formatted(i), Protocol.TCP, 443, 443));
        }
        return new GroupRuleset("bench", RulesetHash.of(egress, List.of(), List.of()), egress);
    }
}
