package dev.agentcontainers.bench.latency;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Commands;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.bench.mxc.MxcPackage;
import java.nio.file.Path;

/**
 * An agent with one allowed range, wanted → first instruction: by a warm node agent and by {@code agentctl run}, beside the
 * executor of Microsoft's MXC SDK with bubblewrap.
 */
public final class PeerLatency implements Benchmark {
    @Override
    public String description() {
        return "start of an agent with one allowed range, beside the MXC SDK's bubblewrap backend (root, npm)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (LatencyNode node = LatencyNode.open();
                MxcExecutor peer = MxcExecutor.start(run.root().resolve("bench/target/downloads"))) {
            for (int i = 0; i < run.times(40, 5); i++) {
                node.fenced(Stages.ignored());
                peer.filtered();
                peer.bare();
            }
            Samples ours = report.samples("warm node agent, fenced");
            Samples theirs = report.samples("MXC " + MxcPackage.VERSION + ", bubblewrap, filtered");
            Samples bare = report.samples("bubblewrap alone, no network");
            for (int i = 0; i < run.times(100, 5); i++) {
                for (int turn = 0; turn < 3; turn++) {
                    switch ((i + turn) % 3) {
                        case 0 -> ours.addNanos(node.fenced(Stages.ignored()));
                        case 1 -> theirs.addNanos(peer.filtered());
                        default -> bare.addNanos(peer.bare());
                    }
                }
            }
            report.gate("ours, ratio to MXC's: p50", ours.median() / theirs.median(), 1, "times");
        }
        // The first one builds what has changed.
        cold(run.root());
        Samples cold = report.samples("agentctl run, cold");
        for (int i = 0; i < run.times(10, 2); i++) {
            cold.addNanos(cold(run.root()));
        }
    }

    private static long cold(Path root) {
        long begin = LatencyNode.now();
        String output = Commands.run(
                root.resolve("agentctl").toString(),
                "run",
                "-q",
                "--allow",
                "10.20.0.0/16:8080",
                "--",
                "date",
                "+%s%N");
        return Long.parseLong(output.strip().lines().toList().getLast()) - begin;
    }
}
