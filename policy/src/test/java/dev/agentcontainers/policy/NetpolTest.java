package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The cases about egress and about protocols of the suite "Netpol" of sig-network (kubernetes test/e2e/network/netpol), as
 * truth tables over the Pods a, b and c of the namespaces x, y and z. Named as there.
 */
class NetpolTest {
    private static final String Y_A =
            "{namespaceSelector: {matchLabels: {ns: y}}, podSelector: {matchLabels: {pod: a}}}";
    private static final String X_A =
            "{namespaceSelector: {matchLabels: {ns: x}}, podSelector: {matchLabels: {pod: a}}}";

    /**
     * @param policies each a namespace and a spec
     * @param port for example {@code 80/TCP}
     * @param reachability all Pods reach each other but for these, in order: {@code - x/a > *} does not, {@code + x/a > y/b}
     *     does
     */
    private record Case(String name, List<String> policies, String port, String reachability) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case(
                        "default-deny-all",
                        List.of(
                                "x {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ports: [{protocol: UDP, port: 53}]}]}"),
                        "80/TCP",
                        "- x/* > *; - * > x/*"),
                new Case(
                        "allow egress access on one named port: the named one",
                        List.of(
                                "x {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: serve-80-tcp}]}]}"),
                        "80/TCP",
                        ""),
                new Case(
                        "allow egress access on one named port: another",
                        List.of(
                                "x {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: serve-80-tcp}]}]}"),
                        "81/TCP",
                        "- x/* > *"),
                new Case(
                        "deny egress from pods based on PodSelector",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress]}"),
                        "80/TCP",
                        "- x/a > *"),
                new Case(
                        "deny egress from all pods in a namespace",
                        List.of("x {podSelector: {}, policyTypes: [Egress]}"),
                        "80/TCP",
                        "- x/* > *"),
                new Case(
                        "Ingress, Egress specified together: port 80",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress, Ingress],"
                                        + " ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}], egress: [{ports: [{port: 80}]}]}"),
                        "80/TCP",
                        "- * > x/a; + x/b > x/a"),
                new Case(
                        "Ingress, Egress specified together: port 81",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress, Ingress],"
                                        + " ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}], egress: [{ports: [{port: 80}]}]}"),
                        "81/TCP",
                        "- * > x/a; - x/a > *; + x/b > x/a"),
                new Case(
                        "denying of egress traffic on the client side (even if the server explicitly allows this traffic)",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [" + Y_A
                                        + "]}]}",
                                "y {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from: ["
                                        + X_A + "]}]}",
                                "y {podSelector: {matchLabels: {pod: b}}, policyTypes: [Ingress], ingress: [{from: ["
                                        + X_A + "]}]}"),
                        "80/TCP",
                        "- x/a > *; - * > y/a; + x/a > y/a; - * > y/b"),
                new Case(
                        "egress to a server in a different namespace based on PodSelector and NamespaceSelector",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [" + Y_A
                                + "]}]}"),
                        "80/TCP",
                        "- x/a > *; + x/a > y/a"),
                new Case(
                        "multiple egress policies with egress allow-all policy taking precedence: before",
                        List.of("x {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 80}]}]}"),
                        "81/TCP",
                        "- x/* > *"),
                new Case(
                        "multiple egress policies with egress allow-all policy taking precedence: after",
                        List.of(
                                "x {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 80}]}]}",
                                "x {podSelector: {}, policyTypes: [Egress], egress: [{}]}"),
                        "81/TCP",
                        ""),
                new Case(
                        "stop enforcing policies after they are deleted: before",
                        List.of("x {podSelector: {}, policyTypes: [Ingress, Egress]}"),
                        "80/TCP",
                        "- x/* > *; - * > x/*"),
                new Case("stop enforcing policies after they are deleted: after", List.of(), "80/TCP", ""),
                new Case(
                        "egress access to server in CIDR block",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.2.0.2/32}}]}]}"),
                        "80/TCP",
                        "- x/a > *; + x/a > y/b"),
                new Case(
                        "except clause while egress access to server in CIDR block",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.2/32]}}]}]}"),
                        "80/TCP",
                        "- x/a > x/b"),
                new Case(
                        "an IP overlapping both IPBlock.CIDR and IPBlock.Except is allowed",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.2/32]}}]}]}",
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.2/32}}]}]}"),
                        "80/TCP",
                        ""),
                new Case(
                        "an IP overlapping both IPBlock.CIDR and IPBlock.Except is allowed: the second policy alone",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.1.0.2/32}}]}]}"),
                        "80/TCP",
                        "- x/a > *; + x/a > x/b"),
                new Case(
                        "ingress and egress policies can be controlled independently based on PodSelector: egress alone",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{}]}"),
                        "80/TCP",
                        ""),
                new Case(
                        "ingress and egress policies can be controlled independently based on PodSelector",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{}]}",
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress]}"),
                        "80/TCP",
                        "- * > x/a"),
                new Case(
                        "not mistakenly treat 'protocol: SCTP' as 'protocol: TCP'",
                        List.of(
                                "x {podSelector: {}, policyTypes: [Ingress]}",
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{ports: [{port: 81, protocol: SCTP}]}]}"),
                        "81/TCP",
                        "- * > x/*"),
                new Case(
                        "properly isolate pods that are selected by a policy allowing SCTP",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{ports: [{port: 80, protocol: SCTP}]}]}"),
                        "81/TCP",
                        "- * > x/a"),
                new Case(
                        "not allow access by TCP when a policy specifies only UDP",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{ports: [{port: 81, protocol: UDP}]}]}"),
                        "81/TCP",
                        "- * > x/a"),
                new Case(
                        "ingress policy allowing any port traffic to a server on a specific protocol: TCP",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{ports: [{protocol: TCP}]}]}"),
                        "80/TCP",
                        ""),
                new Case(
                        "ingress policy allowing any port traffic to a server on a specific protocol: UDP",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{ports: [{protocol: TCP}]}]}"),
                        "80/UDP",
                        "- * > x/a"),
                new Case(
                        "NamespaceSelector with MatchLabels using default ns label",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from:"
                                + " [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: y}}}]}]}"),
                        "80/TCP",
                        "- x/* > x/a; - z/* > x/a"),
                new Case(
                        "NamespaceSelector with MatchExpressions using default ns label",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to:"
                                + " [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name,"
                                + " operator: NotIn, values: [y]}]}}]}]}"),
                        "80/TCP",
                        "- x/a > y/*"),
                new Case(
                        "allow ingress access from namespace on one named port",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from:"
                                + " [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: serve-80-tcp}]}]}"),
                        "80/TCP",
                        "- x/* > x/a; - z/* > x/a"),
                new Case(
                        "UDP: enforce policy based on Ports",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from:"
                                        + " [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: 81, protocol: UDP}]}]}"),
                        "81/UDP",
                        "- x/* > x/a; - z/* > x/a"),
                new Case(
                        "SCTP: enforce policy based on Ports",
                        List.of(
                                "x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from:"
                                        + " [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: 81, protocol: SCTP}]}]}"),
                        "81/SCTP",
                        "- x/* > x/a; - z/* > x/a"),
                new Case(
                        "SCTP: allow traffic only from a pod in a different namespace",
                        List.of("x {podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress], ingress: [{from: ["
                                + Y_A + "]}]}"),
                        "80/SCTP",
                        "- * > x/a; + y/a > x/a"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void reachesAsTheSuiteExpects(Case it) {
        List<Endpoint.Pod> pods = pods();
        Endpoints endpoints =
                new Endpoints(Map.of("x", Map.of("ns", "x"), "y", Map.of("ns", "y"), "z", Map.of("ns", "z")), pods);
        Policies policies = Policies.of(policies(it));
        String[] port = it.port().split("/");
        for (Endpoint.Pod source : pods) {
            for (Endpoint.Pod destination : pods) {
                if (source.equals(destination)) {
                    continue;
                }
                Verdict verdict = Evaluator.evaluate(
                        policies,
                        endpoints,
                        new Flow(
                                Party.of(source),
                                Party.of(destination),
                                Protocol.valueOf(port[1]),
                                Integer.parseInt(port[0])));
                assertThat(verdict.isAllowed())
                        .as("%s → %s: %s", source, destination, verdict)
                        .isEqualTo(isReachable(it.reachability(), source, destination));
            }
        }
    }

    private static List<NetworkPolicy> policies(Case it) {
        List<NetworkPolicy> policies = new ArrayList<>();
        for (String policy : it.policies()) {
            NetworkPolicy read = TestPolicies.networkPolicy("p" + policies.size(), policy.substring(2));
            read.getMetadata().setNamespace(policy.substring(0, 1));
            policies.add(read);
        }
        return policies;
    }

    private static List<Endpoint.Pod> pods() {
        List<Endpoint.Pod> pods = new ArrayList<>();
        for (String namespace : List.of("x", "y", "z")) {
            for (String name : List.of("a", "b", "c")) {
                List<ServedPort> ports = new ArrayList<>();
                for (int number : List.of(80, 81)) {
                    ports.add(new ServedPort("serve-" + number + "-tcp", Protocol.TCP, number));
                    ports.add(new ServedPort("serve-" + number + "-udp", Protocol.UDP, number));
                }
                String address = "10.%d.0.%d".formatted("xyz".indexOf(namespace) + 1, "abc".indexOf(name) + 1);
                pods.add(new Endpoint.Pod(namespace, name, Map.of("pod", name), List.of(Cidr.parse(address)), ports));
            }
        }
        return pods;
    }

    private static boolean isReachable(String reachability, Endpoint.Pod source, Endpoint.Pod destination) {
        boolean reachable = true;
        for (String line : reachability.split(" *; *")) {
            if (!line.isEmpty()) {
                String[] words = line.split(" ");
                if (isOneOf(words[1], source) && isOneOf(words[3], destination)) {
                    reachable = words[0].equals("+");
                }
            }
        }
        return reachable;
    }

    private static boolean isOneOf(String pattern, Endpoint.Pod pod) {
        return pattern.equals("*")
                || pattern.equals(pod.namespace() + "/*")
                || pattern.equals(pod.namespace() + "/" + pod.name());
    }
}
