package dev.agentcontainers.bench.latency;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import java.util.Set;

/**
 * Assignment seen → first instruction, through supervisor, driver and fence, beside the OCI runtime's {@code run} of the same
 * bundle. The agent is {@code date}: its first instructions take the time and say it, so nobody's watching is measured.
 */
public final class StartLatency implements Benchmark {
    private static final double MOST_ADDED_MILLIS = 20;
    private static final Set<String> WORTH_SHOWING = Set.of(
            "IsolationDriver.prepare",
            "IsolationDriver.create",
            "IsolationDriver.start",
            "Fence.attach",
            "Journal.write",
            "Journal.note");

    @Override
    public String description() {
        return "assignment seen → first instruction, beside the bare OCI runtime (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        int warmUp = run.times(40, 5);
        int pairs = run.times(200, 10);
        try (LatencyNode node = LatencyNode.open()) {
            for (int i = 0; i < warmUp; i++) {
                node.fenced(Stages.ignored());
                node.bare();
            }
            node.timed().begin();
            Samples bare = report.samples("bare runtime: command → first instruction");
            Samples fenced = report.samples("assignment seen → first instruction");
            Stages stages = Stages.of(report);
            for (int i = 0; i < pairs; i++) {
                // In turn which is first, so that neither always finds what the other left warm.
                if (i % 2 == 0) {
                    bare.addNanos(node.bare());
                    fenced.addNanos(node.fenced(stages));
                } else {
                    fenced.addNanos(node.fenced(stages));
                    bare.addNanos(node.bare());
                }
            }
            node.timed().calls().forEach((call, times) -> {
                if (WORTH_SHOWING.contains(call)) {
                    report.add("  " + call, times);
                }
            });
            report.figure("ratio of medians", "%.2f".formatted(fenced.median() / bare.median()));
            report.gate(
                    "added to the bare runtime, p50 (aim: 10)",
                    fenced.median() - bare.median(),
                    MOST_ADDED_MILLIS,
                    "ms");
        }
    }
}
