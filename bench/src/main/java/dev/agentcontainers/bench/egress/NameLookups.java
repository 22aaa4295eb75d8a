package dev.agentcontainers.bench.egress;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import java.util.List;

/** What a lookup of an allowed name takes an agent, beside a process of the machine that asks the same resolver itself. */
public final class NameLookups implements Benchmark {
    private static final double MOST_ADDED_MILLIS = 1;
    private static final String KNOWN = "known.bench.example";
    private static final String NEW = "n%d.many.bench.example";

    @Override
    public String description() {
        return "lookup of an allowed name by an agent, beside the resolver behind it asked directly (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (ProxiedNetwork network = ProxiedNetwork.make()) {
            int count = run.times(100, 20);
            // The first start of the proxy, its compiler and the resolver's caches.
            network.lookUp(NEW, 0, run.times(1000, 50));
            network.lookUpDirectly(NEW, 0, run.times(1000, 50));
            Samples known = report.samples("agent, a name asked for before");
            Samples first = report.samples("agent, a name asked for the first time");
            Samples direct = report.samples("the resolver behind it, directly");
            for (int round = 0; round < run.times(15, 2); round++) {
                int number = 10_000 + round * count;
                boolean directFirst = round % 2 == 0;
                if (directFirst) {
                    add(network.lookUpDirectly(NEW, number, count), direct);
                }
                add(network.lookUp(NEW, number, count), first);
                add(network.lookUp(KNOWN, number, count), known);
                if (!directFirst) {
                    add(network.lookUpDirectly(NEW, number, count), direct);
                }
            }
            report.gate("added for a new name: p50", first.median() - direct.median(), MOST_ADDED_MILLIS, "ms");
            report.gate("added for a known name: p50", known.median() - direct.median(), MOST_ADDED_MILLIS, "ms");
        }
    }

    private static void add(List<Long> nanos, Samples to) {
        nanos.forEach(to::addNanos);
    }
}
