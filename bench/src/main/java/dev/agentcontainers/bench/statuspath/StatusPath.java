package dev.agentcontainers.bench.statuspath;

import dev.agentcontainers.api.ApiManifests;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.bench.fleet.AgentWatch;
import dev.agentcontainers.cli.fleet.Programs;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.ControlPlanes;
import dev.agentcontainers.localcluster.audit.AuditLog;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import dev.agentcontainers.localcluster.process.FileTrees;
import dev.agentcontainers.startcache.Program.Role;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The shipped way and the variant in the same run, in the same cluster, with the same operator: an agent's name says which
 * of them it takes. One at a time in turn for the latency; in blocks, in turn, for processor time and writes.
 */
public final class StatusPath implements Benchmark {
    private static final String NAMESPACE = "bench";
    private static final String NODE = "stand-in";
    /** Agents of this name take the variant. The experiment's StatusWriter knows it too. */
    private static final String DIRECT = "direct-";

    private static final String SHIPPED = "shipped-";
    private static final Duration SETTLING = Duration.ofSeconds(2);
    private int number;

    @Override
    public String description() {
        return "status written by the operator (shipped), beside status written by the node agent (variant)";
    }

    static boolean writesItself(String agent) {
        return agent.startsWith(DIRECT);
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        Path folder = Files.createTempDirectory("agentcontainers-bench");
        Programs programs = new Programs(run.root(), Path.of(System.getProperty("java.home"), "bin", "java"));
        try (ControlPlane controlPlane = ControlPlanes.with(
                                ControlPlaneOptions.defaults().withAuditLog())
                        .temporary();
                KubernetesClient client = controlPlane.adminClient()) {
            install(client, run.root());
            try (ExperimentOperator operator = ExperimentOperator.start(
                            controlPlane,
                            programs.java(),
                            programs.startCache(Role.OPERATOR).program().jar(),
                            folder);
                    StandInNode node = StandInNode.join(client, NODE);
                    AgentWatch watch = new AgentWatch(client, NAMESPACE)) {
                allowDirectWrites(client, node.namespace());
                latency(run, client, watch, report);
                AuditLog log = new AuditLog(controlPlane.auditLog().orElseThrow());
                ProcessorTime time = new ProcessorTime(operator.process());
                Totals shipped = new Totals();
                Totals direct = new Totals();
                int size = run.times(100, 10);
                for (int i = 0; i < run.times(4, 1); i++) {
                    block(client, watch, SHIPPED, size, log, time, shipped);
                    block(client, watch, DIRECT, size, log, time, direct);
                }
                shipped.addTo(report, "shipped");
                direct.addTo(report, "variant");
            }
        } finally {
            FileTrees.delete(folder);
        }
    }

    private void latency(Run run, KubernetesClient client, AgentWatch watch, Report report)
            throws InterruptedException {
        Samples ignored = new Samples();
        for (int i = 0; i < run.times(50, 5); i++) {
            one(client, watch, SHIPPED, ignored);
            one(client, watch, DIRECT, ignored);
        }
        Samples shipped = report.samples("shipped: apply → Running, node takes no time");
        Samples direct = report.samples("variant: apply → Running, node takes no time");
        for (int i = 0; i < run.times(200, 10); i++) {
            if (i % 2 == 0) {
                one(client, watch, SHIPPED, shipped);
                one(client, watch, DIRECT, direct);
            } else {
                one(client, watch, DIRECT, direct);
                one(client, watch, SHIPPED, shipped);
            }
        }
        report.figure(
                "variant saves of the latency, p50",
                "%.1f ms (%.0f %%)"
                        .formatted(shipped.median() - direct.median(), 100 * (1 - direct.median() / shipped.median())));
    }

    private void one(KubernetesClient client, AgentWatch watch, String kind, Samples samples)
            throws InterruptedException {
        AgentContainer agent = agent(client, kind + number++);
        long begin = System.nanoTime();
        client.resource(agent).create();
        samples.addNanos(watch.awaitRunning(agent.getMetadata().getName()).nanos() - begin);
        client.resource(agent).delete();
        watch.awaitGone(agent.getMetadata().getName());
    }

    private void block(
            KubernetesClient client,
            AgentWatch watch,
            String kind,
            int size,
            AuditLog log,
            ProcessorTime time,
            Totals totals)
            throws IOException, InterruptedException {
        List<AgentContainer> agents = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            agents.add(agent(client, kind + number++));
        }
        long position = log.position();
        Map<String, Duration> before = time.now();
        for (AgentContainer agent : agents) {
            client.resource(agent).create();
        }
        for (AgentContainer agent : agents) {
            watch.awaitRunning(agent.getMetadata().getName());
        }
        Thread.sleep(SETTLING);
        totals.add(size, before, time.now(), log.writesSince(position));
        for (AgentContainer agent : agents) {
            client.resource(agent).delete();
        }
        for (AgentContainer agent : agents) {
            watch.awaitGone(agent.getMetadata().getName());
        }
        Thread.sleep(SETTLING);
    }

    /** Processor time and writes of several blocks, per agent. */
    private static final class Totals {
        private final Map<String, Duration> times = new TreeMap<>();
        private int agents;
        private int writes;
        private int refused;

        void add(int size, Map<String, Duration> before, Map<String, Duration> after, List<Write> written) {
            agents += size;
            after.forEach((name, time) -> times.merge(name, time.minus(before.get(name)), Duration::plus));
            List<Write> counted = written.stream()
                    .filter(write -> write.byOperator() || write.byNodeAgent())
                    .filter(write -> !write.isUpkeep() && !write.isEventOrCopy())
                    .toList();
            writes += counted.size();
            refused +=
                    (int) counted.stream().filter(write -> write.code() >= 300).count();
        }

        void addTo(Report report, String name) {
            times.forEach((program, time) -> report.figure(
                    name + ": processor time of " + program,
                    "%.2f ms per agent".formatted((double) time.toMillis() / agents)));
            report.figure(
                    name + ": writes",
                    "%.2f per agent, %d of all refused".formatted((double) writes / agents, refused));
        }
    }

    private static AgentContainer agent(KubernetesClient client, String name) {
        return client.getKubernetesSerialization().unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: AgentContainer
                metadata: {name: %s, namespace: %s, labels: {app: bench}}
                spec:
                  isolation: {className: process}
                  command: [sleep, "1"]
                  resources: {limits: {cpu: 1m, memory: 1Mi}}
                """.formatted(name, NAMESPACE), AgentContainer.class);
    }

    private static void install(KubernetesClient client, Path root) throws IOException {
        for (String namespace : List.of("agentcontainers-system", NAMESPACE)) {
            client.resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(namespace)
                            .endMetadata()
                            .build())
                    .create();
        }
        for (var manifest : ApiManifests.all()) {
            apply(client, manifest.yaml());
        }
        for (String file : List.of("operator-rbac.yaml", "gateway-rbac.yaml", "finalizer.yaml")) {
            apply(
                    client,
                    Files.readString(root.resolve("helm/agentcontainers/files").resolve(file)));
        }
    }

    /** The wider rights that the variant needs, and the admission policy that narrows them to agents of the node. */
    private static void allowDirectWrites(KubernetesClient client, String namespace)
            throws IOException, InterruptedException {
        try (InputStream manifest = StatusPath.class.getResourceAsStream("direct-status.yaml")) {
            String yaml = new String(manifest.readAllBytes(), StandardCharsets.UTF_8);
            apply(client, yaml.replace("NODE_NAMESPACE", namespace));
        }
        // An admission policy is in force a moment after it is written.
        Thread.sleep(SETTLING);
    }

    private static void apply(KubernetesClient client, String yaml) {
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .serverSideApply();
    }
}
