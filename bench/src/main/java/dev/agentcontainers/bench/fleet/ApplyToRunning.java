package dev.agentcontainers.bench.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus.Transitions;
import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Creation of an AgentContainer → a watch shows it Running: one at a time, and many at once. */
public final class ApplyToRunning implements Benchmark {
    private static final int PARALLEL_CREATIONS = 10;

    @Override
    public String description() {
        return "apply → Running, with control plane, operator and node agent as processes (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        try (BenchFleet fleet = BenchFleet.up(run.root(), ControlPlaneOptions.defaults());
                ControlPlane controlPlane = fleet.controlPlane();
                KubernetesClient client = controlPlane.adminClient();
                AgentWatch watch = new AgentWatch(client, BenchFleet.NAMESPACE)) {
            for (int i = 0; i < run.times(20, 3); i++) {
                oneAtATime(client, watch, "warm-up-" + i, new Samples(), new Samples());
            }
            Samples single = report.samples("one at a time: apply → Running");
            Samples deleted = new Samples();
            Stages stages = new Stages(report);
            for (int i = 0; i < run.times(100, 5); i++) {
                stages.add(oneAtATime(client, watch, "single-" + i, single, deleted));
            }
            allAtOnce(client, watch, run.times(100, 10), report);
            report.add("one at a time: delete → gone", deleted);
        }
    }

    private static AgentContainer oneAtATime(
            KubernetesClient client, AgentWatch watch, String name, Samples started, Samples deleted)
            throws InterruptedException {
        AgentContainer agent = BenchFleet.agent(client, name, "bench");
        long begin = System.nanoTime();
        client.resource(agent).create();
        AgentWatch.Seen seen = watch.awaitRunning(name);
        started.addNanos(seen.nanos() - begin);
        long end = System.nanoTime();
        client.resource(agent).delete();
        watch.awaitGone(name);
        deleted.addNanos(System.nanoTime() - end);
        return seen.agent();
    }

    private static void allAtOnce(KubernetesClient client, AgentWatch watch, int count, Report report)
            throws Exception {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("crowd-" + i);
        }
        Map<String, Long> begun = new ConcurrentHashMap<>();
        long begin = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(PARALLEL_CREATIONS)) {
            List<Future<?>> creations = new ArrayList<>();
            for (String name : names) {
                creations.add(threads.submit(() -> {
                    begun.put(name, System.nanoTime());
                    client.resource(BenchFleet.agent(client, name, "bench")).create();
                }));
            }
            for (Future<?> creation : creations) {
                creation.get();
            }
        }
        Samples each = report.samples(count + " at once: apply → Running");
        long last = begin;
        for (String name : names) {
            long seen = watch.awaitRunning(name).nanos();
            each.addNanos(seen - begun.getOrDefault(name, begin));
            last = Math.max(last, seen);
        }
        report.figure(count + " at once: all Running after", "%.1f s".formatted((last - begin) / 1e9));
        for (String name : names) {
            client.resource(BenchFleet.agent(client, name, "bench")).delete();
        }
        for (String name : names) {
            watch.awaitGone(name);
        }
    }

    /** By the times in the status, which operator and node agent have set. */
    private record Stages(Samples created, Samples fenced, Samples started) {
        Stages(Report report) {
            this(
                    report.samples("  of that: scheduled → created on the node"),
                    report.samples("  of that: created → fenced"),
                    report.samples("  of that: fenced → started"));
        }

        void add(AgentContainer agent) {
            Transitions times = agent.getStatus().transitions();
            created.addNanos(between(times.scheduled(), times.prepared()));
            fenced.addNanos(between(times.prepared(), times.fenced()));
            started.addNanos(between(times.fenced(), times.started()));
        }

        private static long between(String from, String to) {
            return Duration.between(Instant.parse(from), Instant.parse(to)).toNanos();
        }
    }
}
