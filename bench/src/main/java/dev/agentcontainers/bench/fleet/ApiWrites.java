package dev.agentcontainers.bench.fleet;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.localcluster.ControlPlane;
import dev.agentcontainers.localcluster.ControlPlaneOptions;
import dev.agentcontainers.localcluster.audit.AuditLog;
import dev.agentcontainers.localcluster.audit.AuditLog.Write;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The writes of operator and node agent in an agent's life, by the API server's audit log: to Running, and from its deletion. */
public final class ApiWrites implements Benchmark {
    private static final int MOST = 5;
    /** For what is written after Running, which belongs to the count. */
    private static final Duration SETTLING = Duration.ofSeconds(3);

    @Override
    public String description() {
        return "API writes of operator and node agent per agent, from creation to Running and from deletion to gone (root)";
    }

    @Override
    public void run(Run run, Report report) throws Exception {
        ControlPlaneOptions options = ControlPlaneOptions.defaults().withAuditLog();
        try (BenchFleet fleet = BenchFleet.up(run.root(), options);
                ControlPlane controlPlane = fleet.controlPlane();
                KubernetesClient client = controlPlane.adminClient();
                AgentWatch watch = new AgentWatch(client, BenchFleet.NAMESPACE)) {
            AuditLog log = new AuditLog(controlPlane.auditLog().orElseThrow());
            List<Integer> counts = new ArrayList<>();
            for (int i = 0; i < run.times(9, 3); i++) {
                String name = "group-of-its-own-" + i;
                counts.add(start(client, watch, log, name, "label-" + i, report));
                delete(client, watch, log, name, report);
            }
            start(client, watch, log, "first-of-group", "shared", report);
            for (int i = 0; i < run.times(5, 2); i++) {
                start(client, watch, log, "group-shared-" + i, "shared", report);
            }
            // Not the most: an acknowledgement of new groups, twice a minute at most, falls into one of them.
            Collections.sort(counts);
            report.gate("writes with a policy group of its own, median", counts.get(counts.size() / 2), MOST, "writes");
        }
    }

    private static int start(
            KubernetesClient client, AgentWatch watch, AuditLog log, String name, String label, Report report)
            throws IOException, InterruptedException {
        long position = log.position();
        client.resource(BenchFleet.agent(client, name, label)).create();
        watch.awaitRunning(name);
        return count(log, position, name, report);
    }

    private static void delete(KubernetesClient client, AgentWatch watch, AuditLog log, String name, Report report)
            throws IOException, InterruptedException {
        long position = log.position();
        client.resources(AgentContainer.class)
                .inNamespace(BenchFleet.NAMESPACE)
                .withName(name)
                .delete();
        watch.awaitGone(name);
        count(log, position, name + ", deleted", report);
    }

    private static int count(AuditLog log, long position, String what, Report report)
            throws IOException, InterruptedException {
        Thread.sleep(SETTLING);
        List<Write> ours = log.writesSince(position).stream()
                .filter(write -> write.byOperator() || write.byNodeAgent())
                .filter(write -> !write.isUpkeep())
                .toList();
        List<Write> counted =
                ours.stream().filter(write -> !write.isEventOrCopy()).toList();
        report.figure(
                what,
                "%d writes (%s); apart: %d Events and copies"
                        .formatted(counted.size(), summary(counted), ours.size() - counted.size()));
        return counted.size();
    }

    private static String summary(List<Write> writes) {
        Map<String, Long> counts =
                writes.stream().collect(Collectors.groupingBy(Write::toString, TreeMap::new, Collectors.counting()));
        return counts.entrySet().stream()
                .map(each -> (each.getValue() == 1 ? "" : each.getValue() + " × ") + each.getKey())
                .collect(Collectors.joining(", "));
    }
}
