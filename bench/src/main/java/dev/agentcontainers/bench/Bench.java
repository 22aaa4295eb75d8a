package dev.agentcontainers.bench;

import dev.agentcontainers.bench.density.Density;
import dev.agentcontainers.bench.drivers.DriverCosts;
import dev.agentcontainers.bench.drivers.ExecLatency;
import dev.agentcontainers.bench.egress.EgressPath;
import dev.agentcontainers.bench.egress.FenceLoad;
import dev.agentcontainers.bench.egress.HttpProxies;
import dev.agentcontainers.bench.egress.NameLookups;
import dev.agentcontainers.bench.fleet.ApiWrites;
import dev.agentcontainers.bench.fleet.ApplyToRunning;
import dev.agentcontainers.bench.latency.PeerLatency;
import dev.agentcontainers.bench.latency.StartLatency;
import dev.agentcontainers.bench.policy.PolicyCompile;
import dev.agentcontainers.bench.start.ReadyTimes;
import dev.agentcontainers.bench.statuspath.StatusPath;
import dev.agentcontainers.bench.strength.StrengthComparison;
import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs the benchmark of the name given. Exit codes: 0 done, 1 a gate was missed, 2 there is none of that name. */
public final class Bench {
    private static final Map<String, Benchmark> BENCHMARKS = benchmarks();

    private Bench() {}

    private static Map<String, Benchmark> benchmarks() {
        Map<String, Benchmark> all = new LinkedHashMap<>();
        all.put("ready", new ReadyTimes());
        all.put("latency", new StartLatency());
        all.put("drivers", new DriverCosts());
        all.put("exec", new ExecLatency());
        all.put("density", new Density());
        all.put("peer", new PeerLatency());
        all.put("strength", new StrengthComparison());
        all.put("apply", new ApplyToRunning());
        all.put("writes", new ApiWrites());
        all.put("status-path", new StatusPath());
        all.put("policy", new PolicyCompile());
        all.put("egress", new EgressPath());
        all.put("fence-load", new FenceLoad());
        all.put("names", new NameLookups());
        all.put("http", new HttpProxies());
        return all;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> words = List.of(arguments);
        Benchmark benchmark = words.isEmpty() ? null : BENCHMARKS.get(words.getFirst());
        if (benchmark == null) {
            System.err.println("usage: bench/run NAME [--quick]");
            BENCHMARKS.forEach((name, each) -> System.err.printf("  %-12s %s%n", name, each.description()));
            System.exit(2);
            return;
        }
        boolean quick = words.contains("--quick");
        Path root = Path.of(System.getProperty("project.root"));
        Report report = new Report(words.getFirst(), benchmark.description(), quick, Machine.here());
        try {
            benchmark.run(new Run(root, quick), report);
        } catch (UserException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(1);
        }
        report.print(System.out);
        System.out.println("written to " + report.write(root.resolve("bench/target/results")));
        System.exit(report.gatesAreMet() ? 0 : 1);
    }

    /**
     * What a benchmark is told.
     *
     * @param root of the checkout
     * @param quick few repetitions, to see that it works
     */
    public record Run(Path root, boolean quick) {
        public int times(int normally, int quickly) {
            return quick ? quickly : normally;
        }
    }

    /** One of them. */
    public interface Benchmark {
        /** In one line. */
        String description();

        void run(Run run, Report report) throws Exception;
    }
}
