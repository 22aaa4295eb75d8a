package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The cluster of the conformance tests of sigs.k8s.io/network-policy-api: four namespaces, the houses, each with two Pods
 * {@code 0} and {@code 1} that serve two ports of each protocol; and a node.
 */
enum House {
    GRYFFINDOR,
    SLYTHERIN,
    HUFFLEPUFF,
    RAVENCLAW;

    private static final KubernetesSerialization YAML = new KubernetesSerialization();
    private static final String NODE = "192.168.100.1";

    static final Endpoints PODS = endpoints(pod -> pod);

    /** The same with an AgentContainer for each Pod. */
    static final Endpoints AGENTS = endpoints(pod ->
            new Endpoint.Agent(pod.namespace(), pod.name(), pod.labels(), pod.addresses(), pod.ports(), List.of()));

    String namespace() {
        return name().toLowerCase(Locale.ROOT);
    }

    String address(int pod) {
        return "192.168.%d.%d".formatted(ordinal() + 1, pod + 10);
    }

    /**
     * A ClusterNetworkPolicy whose subject is a house.
     *
     * @param rules {@code "egress: Accept ravenclaw tcp/80,udp/53; Deny {networks: [0.0.0.0/0]}"}, any number of directions
     */
    static GenericKubernetesResource policy(String name, String tier, int priority, String subject, String... rules) {
        String directions = Arrays.stream(rules)
                .map(House::direction)
                .map(text -> ", " + text)
                .collect(Collectors.joining());
        return clusterNetworkPolicy(
                name, "{tier: %s, priority: %d, subject: %s%s}".formatted(tier, priority, peer(subject), directions));
    }

    /** A ClusterNetworkPolicy with that spec, a YAML flow mapping. */
    static GenericKubernetesResource clusterNetworkPolicy(String name, String spec) {
        return YAML.unmarshal("""
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: %s}
                spec: %s
                """.formatted(name, spec), GenericKubernetesResource.class);
    }

    /** {@code "gryffindor/0 > ravenclaw/1 tcp/80"}; also {@code node} and addresses. */
    static Flow flow(String text) {
        String[] words = text.strip().split(" +");
        String[] port = words[3].split("/");
        return new Flow(
                Party.at(address(words[0])),
                Party.at(address(words[2])),
                Protocol.valueOf(port[0].toUpperCase(Locale.ROOT)),
                Integer.parseInt(port[1]));
    }

    private static String address(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return text.equals("node") ? NODE : text;
        }
        House house = valueOf(text.substring(0, slash).toUpperCase(Locale.ROOT));
        return house.address(Integer.parseInt(text.substring(slash + 1)));
    }

    private static String direction(String rules) {
        int colon = rules.indexOf(':');
        String peers = rules.startsWith("egress") ? "to" : "from";
        return Arrays.stream(rules.substring(colon + 1).split(";"))
                .map(rule -> rule(rule.strip(), peers))
                .collect(Collectors.joining(", ", rules.substring(0, colon) + ": [", "]"));
    }

    private static String rule(String text, String peers) {
        int first = text.indexOf(' ');
        int last = text.endsWith("}") ? text.length() : text.lastIndexOf(' ');
        boolean hasPorts = last > first;
        String peer = text.substring(first + 1, hasPorts ? last : text.length());
        String protocols = last == text.length() || !hasPorts
                ? ""
                : Arrays.stream(text.substring(last + 1).split(","))
                        .map(House::protocol)
                        .collect(Collectors.joining(", ", ", protocols: [", "]"));
        return "{name: r, action: %s, %s: [%s]%s}".formatted(text.substring(0, first), peers, peer(peer), protocols);
    }

    private static String peer(String text) {
        return text.startsWith("{") ? text : "{namespaces: {matchLabels: {kubernetes.io/metadata.name: " + text + "}}}";
    }

    private static String protocol(String text) {
        int slash = text.indexOf('/');
        String kind = text.substring(0, slash);
        String port = text.substring(slash + 1);
        if (kind.equals("named")) {
            return "{destinationNamedPort: " + port + "}";
        }
        int dash = port.indexOf('-');
        return dash < 0
                ? "{%s: {destinationPort: {number: %s}}}".formatted(kind, port)
                : "{%s: {destinationPort: {range: {start: %s, end: %s}}}}"
                        .formatted(kind, port.substring(0, dash), port.substring(dash + 1));
    }

    private static Endpoints endpoints(Function<Endpoint.Pod, Endpoint.Workload> kind) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (House house : values()) {
            for (int pod = 0; pod < 2; pod++) {
                endpoints.add(kind.apply(new Endpoint.Pod(
                        house.namespace(),
                        house.namespace() + "-" + pod,
                        Map.of("house", house.namespace(), "pod", house.namespace() + "-" + pod),
                        List.of(Cidr.parse(house.address(pod))),
                        List.of(
                                new ServedPort("web", Protocol.TCP, 80),
                                new ServedPort("web-alt", Protocol.TCP, 8080),
                                new ServedPort("dns", Protocol.UDP, 53),
                                new ServedPort("dns-alt", Protocol.UDP, 5353),
                                new ServedPort("diameter", Protocol.SCTP, 9003)))));
            }
        }
        endpoints.add(new Endpoint.Node("hogwarts", Map.of("os", "linux"), List.of(Cidr.parse(NODE))));
        return new Endpoints(
                Arrays.stream(values())
                        .collect(Collectors.toMap(House::namespace, house -> Map.of("house", house.namespace()))),
                endpoints);
    }
}
