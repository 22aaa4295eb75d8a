package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Agents, Pods, a node, policies of all kinds and flows from a seed. Labels, ports and addresses are few, so that selectors
 * overlap and rules meet.
 */
final class GeneratedCluster {
    private static final List<String> NAMESPACES = List.of("p", "q");

    private final Random random;
    private final Random budgets;
    private final List<Endpoint.Workload> workloads = new ArrayList<>();

    GeneratedCluster(long seed) {
        random = new Random(seed);
        budgets = new Random(~seed);
        for (int index = 1; index <= 8; index++) {
            String namespace = pick("p", "q");
            var labels = Map.of("app", pick("a", "b", "c"), "tier", pick("x", "y"));
            var addresses = List.of(Cidr.parse("10.0.0." + index));
            var ports = List.of(
                    new ServedPort("web", Protocol.TCP, random.nextBoolean() ? 80 : 81),
                    new ServedPort(pick("dns", "web"), Protocol.UDP, 53));
            workloads.add(
                    random.nextBoolean()
                            ? new Endpoint.Agent(namespace, "w" + index, labels, addresses, ports, List.of())
                            : new Endpoint.Pod(namespace, "w" + index, labels, addresses, ports));
        }
    }

    List<Endpoint.Workload> workloads() {
        return workloads;
    }

    Endpoints endpoints() {
        List<Endpoint> all = new ArrayList<>(workloads);
        all.add(new Endpoint.Node("n", Map.of("os", "linux"), List.of(Cidr.parse("10.0.0.14"))));
        return new Endpoints(
                NAMESPACES.stream().collect(Collectors.toMap(name -> name, name -> Map.of("team", name))), all);
    }

    /** @param blocksOnly whether rules are about addresses and numbers of ports alone */
    List<NetworkPolicy> networkPolicies(boolean blocksOnly) {
        return IntStream.range(0, 1 + random.nextInt(5))
                .mapToObj(index -> networkPolicy("np" + index, blocksOnly))
                .toList();
    }

    NetworkPolicy networkPolicy(String name, boolean blocksOnly) {
        NetworkPolicy policy = TestPolicies.networkPolicy(
                name,
                "{podSelector: %s, policyTypes: [%s], ingress: %s, egress: %s}"
                        .formatted(
                                labels(),
                                pick("Ingress", "Egress", "Ingress, Egress"),
                                rules("from", blocksOnly),
                                rules("to", blocksOnly)));
        policy.getMetadata().setNamespace(pick("p", "q"));
        return policy;
    }

    List<EgressPolicy> egressPolicies() {
        return IntStream.range(0, random.nextInt(4))
                .mapToObj(index -> egressPolicy("ep" + index))
                .toList();
    }

    EgressPolicy egressPolicy(String name) {
        List<String> rules = IntStream.range(0, random.nextInt(3))
                .mapToObj(index -> egressRule("r" + index))
                .toList();
        EgressPolicy policy = TestPolicies.egressPolicy(
                name, "{agentSelector: %s, egress: [%s]}".formatted(labels(), String.join(", ", rules)));
        policy.getMetadata().setNamespace(pick("p", "q"));
        return policy;
    }

    List<GenericKubernetesResource> clusterNetworkPolicies() {
        return IntStream.range(0, random.nextInt(5))
                .mapToObj(index -> House.clusterNetworkPolicy(
                        "cnp" + index,
                        "{tier: %s, priority: %d, subject: %s, ingress: %s, egress: %s}"
                                .formatted(
                                        pick("Admin", "Baseline"),
                                        random.nextInt(3),
                                        selection(),
                                        clusterRules("from"),
                                        clusterRules("to"))))
                .toList();
    }

    List<Flow> flows(int count) {
        return Stream.generate(() -> new Flow(
                        Party.of(workloads.get(random.nextInt(workloads.size()))),
                        Party.at("10.0.0." + random.nextInt(16)),
                        Protocol.values()[random.nextInt(3)],
                        random.nextInt(8) == 0 ? random.nextInt(2) : Integer.parseInt(pick("53", "80", "81"))))
                .limit(count)
                .toList();
    }

    private String rules(String peers, boolean blocksOnly) {
        return list(0, 2, () -> {
            List<String> fields = new ArrayList<>();
            if (random.nextInt(6) > 0) {
                fields.add(peers + ": " + list(0, 2, () -> peer(blocksOnly)));
            }
            if (random.nextInt(3) > 0) {
                fields.add("ports: " + list(0, 2, () -> port(blocksOnly)));
            }
            return "{" + String.join(", ", fields) + "}";
        });
    }

    private String peer(boolean blocksOnly) {
        return switch (random.nextInt(blocksOnly ? 1 : 4)) {
            case 0 ->
                "{ipBlock: {cidr: 10.0.0.%d/%d, except: [10.0.0.%d/32]}}"
                        .formatted(random.nextInt(16), 28 + random.nextInt(4), random.nextInt(16));
            case 1 -> "{podSelector: " + labels() + "}";
            case 2 -> "{namespaceSelector: " + namespaces() + "}";
            default -> "{namespaceSelector: " + namespaces() + ", podSelector: " + labels() + "}";
        };
    }

    private String port(boolean numbersOnly) {
        return switch (random.nextInt(numbersOnly ? 3 : 5)) {
            case 0 -> "{protocol: " + pick("TCP", "UDP", "SCTP") + "}";
            case 1 -> "{port: " + pick("53", "80", "81") + "}";
            case 2 -> "{port: 53, endPort: 80, protocol: " + pick("TCP", "UDP") + "}";
            case 3 -> "{port: web}";
            default -> "{port: web, protocol: UDP}";
        };
    }

    /** As the schema takes it: only a rule without names may be about all ports of a protocol. */
    private String egressRule(String name) {
        boolean named = random.nextBoolean();
        String to = list(1, 3, () -> named && random.nextBoolean() ? domain() : peer(false));
        String ports = named
                ? ", ports: "
                        + list(
                                1,
                                2,
                                () -> pick(
                                        "{port: 80}",
                                        "{port: 53, protocol: UDP}",
                                        "{port: 53, endPort: 80, protocol: " + pick("TCP", "UDP") + "}"))
                : random.nextBoolean() ? ", ports: " + list(0, 2, () -> port(true)) : "";
        // Of its own seed, so that all else is as it was before there were budgets.
        String budget = budgets.nextInt(3) == 0 ? ", budget: {bytes: " + (1 + budgets.nextInt(9)) + "Mi}" : "";
        return "{name: %s, to: %s%s%s}".formatted(name, to, ports, budget);
    }

    private String domain() {
        return "{domain: " + pick("a.example.org", "b.example.org", "'*.example.org'", "'*.a.example.org'") + "}";
    }

    private String clusterRules(String peers) {
        return list(0, 3, () -> {
            String action = pick("Accept", "Deny", "Pass");
            return "{action: %s, %s: %s%s}"
                    .formatted(
                            action,
                            peers,
                            list(1, 2, () -> peers.equals("to") ? clusterPeer() : selection()),
                            pick(
                                    "",
                                    ", protocols: [{tcp: {destinationPort: {number: 80}}}]",
                                    ", protocols: [{udp: {destinationPort: {range: {start: 50, end: 60}}}}]",
                                    ", protocols: [{destinationNamedPort: web}]"));
        });
    }

    private String clusterPeer() {
        return switch (random.nextInt(4)) {
            case 0 -> "{networks: [10.0.0.%d/%d]}".formatted(random.nextInt(16), 28 + random.nextInt(4));
            case 1 -> "{nodes: {}}";
            default -> selection();
        };
    }

    private String selection() {
        return random.nextBoolean()
                ? "{namespaces: " + namespaces() + "}"
                : "{pods: {namespaceSelector: " + namespaces() + ", podSelector: " + labels() + "}}";
    }

    private String namespaces() {
        return pick(
                "{}", "{matchLabels: {team: p}}", "{matchExpressions: [{key: team, operator: NotIn, values: [p]}]}");
    }

    private String labels() {
        return pick(
                "{}",
                "{matchLabels: {app: a}}",
                "{matchLabels: {app: b, tier: x}}",
                "{matchExpressions: [{key: app, operator: In, values: [a, c]}]}",
                "{matchExpressions: [{key: tier, operator: NotIn, values: [y]}]}",
                "{matchExpressions: [{key: none, operator: DoesNotExist}]}");
    }

    private String list(int least, int most, Supplier<String> entry) {
        return Stream.generate(entry)
                .limit(least + random.nextInt(most - least + 1))
                .collect(Collectors.joining(", ", "[", "]"));
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
