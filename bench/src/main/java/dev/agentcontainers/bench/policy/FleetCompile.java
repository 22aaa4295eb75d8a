package dev.agentcontainers.bench.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.ServedPort;
import dev.agentcontainers.policy.incremental.IncrementalCompiler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All policy groups of a fleet that selects its agents by labels, and again those that one change concerns. The policies of a
 * namespace let each application talk to the next one by the name of its port, and the last to a namespace of another team.
 */
final class FleetCompile {
    private static final int NAMESPACES = 100;
    private static final int APPLICATIONS = 10;
    private static final int REPLICAS = 10;
    private static final List<ServedPort> PORTS = List.of(new ServedPort("http", Protocol.TCP, 8080));

    private FleetCompile() {}

    static void run(Run run, Report report) {
        int times = run.times(10, 2);
        String fleet =
                "%,d agents, %,d policies".formatted(NAMESPACES * APPLICATIONS * REPLICAS, NAMESPACES * APPLICATIONS);
        Samples full = report.samples(fleet + ": everything");
        IncrementalCompiler compiler = new IncrementalCompiler();
        for (int i = 0; i < times; i++) {
            long begin = System.nanoTime();
            compiler = new IncrementalCompiler();
            fill(compiler);
            subjects().forEach(compiler::compile);
            full.addNanos(System.nanoTime() - begin);
        }
        IncrementalCompiler filled = compiler;
        report.figure("policy groups", "%,d".formatted(subjects().size()));
        change(run, report, filled, "an agent's address", i -> filled.endpoint("0/3/1", agent(0, 3, 1, 200 + i % 2)));
        change(run, report, filled, "an agent's label", i -> filled.endpoint("0/3/1", agent(0, 3 + i % 2, 1, 200)));
        change(run, report, filled, "a policy", i -> filled.networkPolicy("team-5", "p3", policy(5, 3, 443 + i % 2)));
        change(run, report, filled, "a namespace's label", i -> filled.namespace("team-7", labels(7 + i % 2)));
        change(run, report, filled, "a node that joins", i -> filled.endpoint("node-" + i, node(i)));
    }

    private interface Change {
        Set<PolicySubject> make(int number);
    }

    private static void change(Run run, Report report, IncrementalCompiler compiler, String what, Change change) {
        Samples samples = report.samples("one change: " + what);
        int concerned = 0;
        for (int i = 0; i < run.times(20, 3); i++) {
            long begin = System.nanoTime();
            Set<PolicySubject> groups = change.make(i);
            groups.forEach(compiler::compile);
            samples.addNanos(System.nanoTime() - begin);
            concerned = Math.max(concerned, groups.size());
        }
        report.figure(what, "%,d groups compiled again".formatted(concerned));
    }

    private static void fill(IncrementalCompiler compiler) {
        for (int team = 0; team < NAMESPACES; team++) {
            compiler.namespace("team-" + team, labels(team));
            for (int application = 0; application < APPLICATIONS; application++) {
                compiler.networkPolicy("team-" + team, "p" + application, policy(team, application, 443));
                for (int replica = 0; replica < REPLICAS; replica++) {
                    compiler.endpoint(
                            "%d/%d/%d".formatted(team, application, replica),
                            agent(team, application, replica, application * REPLICAS + replica));
                }
            }
        }
    }

    private static Set<PolicySubject> subjects() {
        Set<PolicySubject> subjects = new LinkedHashSet<>();
        for (int team = 0; team < NAMESPACES; team++) {
            for (int application = 0; application < APPLICATIONS; application++) {
                subjects.add(new PolicySubject("team-" + team, Map.of("app", "app-" + application), List.of(), PORTS));
            }
        }
        return subjects;
    }

    private static Map<String, String> labels(int team) {
        return Map.of("kubernetes.io/metadata.name", "team-" + team, "team", "t" + team % 10);
    }

    private static Endpoint.Agent agent(int team, int application, int replica, int host) {
        return new Endpoint.Agent(
                "team-" + team,
                "app-%d-%d".formatted(application, replica),
                Map.of("app", "app-" + application),
                // Neighbours run on other nodes, so that no range holds two agents of one application.
                List.of(Cidr.parse("100.%d.%d.%d".formatted(80 + replica % 16, team, host))),
                PORTS,
                List.of());
    }

    private static Endpoint.Node node(int number) {
        return new Endpoint.Node(
                "node-" + number, Map.of(), List.of(Cidr.parse("10.9.%d.%d".formatted(number / 256, number % 256))));
    }

    /** One that lets the application before in, and out to the application after, to another team and to some addresses. */
    private static NetworkPolicy policy(int team, int application, int port) {
        return new NetworkPolicyBuilder()
                .withNewMetadata()
                .withNamespace("team-" + team)
                .withName("p" + application)
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .addToMatchLabels("app", "app-" + application)
                .endPodSelector()
                .withPolicyTypes("Ingress", "Egress")
                .addNewIngress()
                .addNewFrom()
                .withNewPodSelector()
                .addToMatchLabels("app", "app-" + (application + APPLICATIONS - 1) % APPLICATIONS)
                .endPodSelector()
                .endFrom()
                .addNewPort()
                .withNewPort("http")
                .endPort()
                .endIngress()
                .addNewEgress()
                .addNewTo()
                .withNewPodSelector()
                .addToMatchLabels("app", "app-" + (application + 1) % APPLICATIONS)
                .endPodSelector()
                .endTo()
                .addNewTo()
                .withNewNamespaceSelector()
                .addToMatchLabels("team", "t" + (team + 1) % 10)
                .endNamespaceSelector()
                .withNewPodSelector()
                .addToMatchLabels("app", "app-0")
                .endPodSelector()
                .endTo()
                .addNewPort()
                .withNewPort("http")
                .endPort()
                .endEgress()
                .addNewEgress()
                .addNewTo()
                .withNewIpBlock()
                .withCidr("20.0.%d.0/24".formatted(team))
                .endIpBlock()
                .endTo()
                .addNewPort()
                .withNewPort(port)
                .endPort()
                .endEgress()
                .endSpec()
                .build();
    }
}
