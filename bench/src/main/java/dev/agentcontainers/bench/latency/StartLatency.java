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
        int rounds = run.times(200, 10);
        try (LatencyNode node = LatencyNode.open()) {
            for (int i = 0; i < warmUp; i++) {
                node.fenced(Stages.ignored());
                node.bare();
                node.bareAnew();
            }
            node.timed().begin();
            Samples bare = report.samples("bare runtime, bundle at hand: command → first instruction");
            Samples anew = report.samples("bare runtime, bundle made anew: wanted → first instruction");
            Samples fenced = report.samples("assignment seen → first instruction");
            Stages stages = Stages.of(report);
            for (int i = 0; i < rounds; i++) {
                // In turn which is first, so that none always finds what another left warm.
                for (int turn = 0; turn < 3; turn++) {
                    switch ((i + turn) % 3) {
                        case 0 -> bare.addNanos(node.bare());
                        case 1 -> anew.addNanos(node.bareAnew());
                        default -> fenced.addNanos(node.fenced(stages));
                    }
                }
            }
            node.timed().calls().forEach((call, times) -> {
                if (WORTH_SHOWING.contains(call)) {
                    report.add("  " + call, times);
                }
            });
            report.figure("ratio of medians, bundle at hand", "%.2f".formatted(fenced.median() / bare.median()));
            report.figure("ratio of medians, bundle made anew", "%.2f".formatted(fenced.median() / anew.median()));
            report.gate(
                    "fence and supervision: added to the bare runtime, bundle made anew, p50 (aim: 10)",
                    fenced.median() - anew.median(),
                    MOST_ADDED_MILLIS,
                    "ms");
            report.gate(
                    "all: added to the bare runtime, bundle at hand, p50",
                    fenced.median() - bare.median(),
                    MOST_ADDED_MILLIS,
                    "ms");
        }
    }
}
