package dev.agentcontainers.policy.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which groups a change concerns, and which it doesn't. */
class IncrementalCompilerTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();
    private static final PolicySubject CLIENT = subject("a", "client");
    private static final PolicySubject OTHER = subject("a", "other");

    private final IncrementalCompiler compiler = new IncrementalCompiler();

    IncrementalCompilerTest() {
        compiler.namespace("a", Map.of("team", "a"));
        compiler.namespace("b", Map.of("team", "b"));
        policy(
                "a",
                "to-servers",
                "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: 80}]}]}");
        policy(
                "a",
                "to-b",
                "{podSelector: {matchLabels: {app: other}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: web}]}]}");
        compiler.compile(CLIENT);
        compiler.compile(OTHER);
    }

    @Test
    void anAddressConcernsThoseWhoSelectIt() {
        assertThat(compiler.endpoint("s", agent("a", "server"))).isEmpty();
        assertThat(compiler.endpoint("s", agent("a", "server", "10.0.0.1"))).containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.0.0.1/32", Protocol.TCP, 80, 80));

        assertThat(compiler.endpoint("s", agent("a", "server", "10.0.0.2"))).containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.0.0.2/32", Protocol.TCP, 80, 80));
    }

    @Test
    void whatIsNotSelectedConcernsNobody() {
        assertThat(compiler.endpoint("x", agent("a", "unrelated", "10.0.0.1"))).isEmpty();
        assertThat(compiler.endpoint("y", agent("c", "server", "10.0.0.2"))).isEmpty();
    }

    @Test
    void aLabelTakesBackWhatItGave() {
        compiler.endpoint("s", agent("a", "server", "10.0.0.1"));
        compiler.compile(CLIENT);

        assertThat(compiler.endpoint("s", agent("a", "retired", "10.0.0.1"))).containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();
    }

    @Test
    void whatIsGoneIsTakenOut() {
        compiler.endpoint("s", agent("a", "server", "10.0.0.1"));
        compiler.compile(CLIENT);

        assertThat(compiler.endpoint("s", null)).containsExactly(CLIENT);
        assertThat(compiler.endpoint("s", null)).isEmpty();
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();
    }

    @Test
    void namesOfPortsConcernThoseWhoUseThem() {
        compiler.endpoint("b", agent("b", "any", List.of(new ServedPort("web", Protocol.TCP, 80)), "10.0.1.1"));
        assertThat(compiler.compile(OTHER).egress()).containsExactly(new Allow("10.0.1.1/32", Protocol.TCP, 80, 80));

        assertThat(compiler.endpoint(
                        "b", agent("b", "any", List.of(new ServedPort("web", Protocol.TCP, 81)), "10.0.1.1")))
                .containsExactly(OTHER);
        assertThat(compiler.compile(OTHER).egress()).containsExactly(new Allow("10.0.1.1/32", Protocol.TCP, 81, 81));
    }

    @Test
    void aPortsNameConcernsWhoeverMayReachThatAddress() {
        policy(
                "a",
                "wide",
                "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.2.0/24}}], ports: [{port: web}]}]}");
        compiler.compile(CLIENT);

        assertThat(compiler.endpoint(
                        "u", agent("c", "unrelated", List.of(new ServedPort("web", Protocol.TCP, 80)), "10.0.2.1")))
                .containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.0.2.1/32", Protocol.TCP, 80, 80));
    }

    @Test
    void aPortsNameConcernsNobodyWhoSelectsOthers() {
        assertThat(compiler.endpoint(
                        "u", agent("c", "unrelated", List.of(new ServedPort("web", Protocol.TCP, 80)), "10.0.2.1")))
                .isEmpty();
    }

    @Test
    void labelsOfANamespaceConcernThoseWhoSelectItsWorkloads() {
        assertThat(compiler.namespace("b", Map.of("team", "c")))
                .as("nobody is in it")
                .isEmpty();
        compiler.namespace("b", Map.of("team", "b"));
        compiler.endpoint("b", agent("b", "any", List.of(new ServedPort("web", Protocol.TCP, 80)), "10.0.1.1"));
        compiler.compile(OTHER);

        assertThat(compiler.namespace("b", Map.of("team", "c"))).containsExactly(OTHER);
        assertThat(compiler.compile(OTHER).egress()).isEmpty();
        assertThat(compiler.namespace("b", Map.of("team", "c"))).isEmpty();
    }

    @Test
    void aPolicyConcernsThoseWhomItGoverns() {
        assertThat(policy(
                        "a",
                        "more",
                        "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{}]}"))
                .containsExactly(CLIENT);
        compiler.compile(CLIENT);
        assertThat(policy(
                        "a",
                        "more",
                        "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{}]}"))
                .as("it says the same")
                .isEmpty();
        assertThat(policy(
                        "a", "more", "{podSelector: {matchLabels: {app: other}}, policyTypes: [Egress], egress: [{}]}"))
                .as("of the one no longer, of the other now")
                .containsExactlyInAnyOrder(CLIENT, OTHER);
        compiler.compile(OTHER);
        assertThat(compiler.networkPolicy("a", "more", null)).containsExactly(OTHER);
        assertThat(policy("b", "elsewhere", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}"))
                .isEmpty();
    }

    @Test
    void anEgressPolicyConcernsThoseWhomItSelects() {
        String toAll = "egress: [{name: all, to: [{ipBlock: {cidr: 10.3.0.0/16}}], ports: [{port: 443}]}]";
        assertThat(egressPolicy("a", "more", "{agentSelector: {matchLabels: {app: client}}, " + toAll + "}"))
                .containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.3.0.0/16", Protocol.TCP, 443, 443));
        assertThat(compiler.compile(CLIENT).sources()).containsExactly("EgressPolicy/more", "NetworkPolicy/to-servers");
        assertThat(egressPolicy("a", "more", "{agentSelector: {matchLabels: {app: client}}, " + toAll + "}"))
                .as("it says the same")
                .isEmpty();
        assertThat(egressPolicy("a", "more", "{agentSelector: {matchLabels: {app: other}}, " + toAll + "}"))
                .as("of the one no longer, of the other now")
                .containsExactlyInAnyOrder(CLIENT, OTHER);
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();
        compiler.compile(OTHER);
        assertThat(compiler.networkPolicy("a", "more", null))
                .as("a NetworkPolicy of that name is another")
                .isEmpty();
        assertThat(compiler.egressPolicy("a", "more", null)).containsExactly(OTHER);
        assertThat(egressPolicy("b", "elsewhere", "{agentSelector: {}, " + toAll + "}"))
                .isEmpty();
        compiler.compile(OTHER);
        assertThat(egressPolicy("a", "all", "{agentSelector: {}}")).containsExactlyInAnyOrder(CLIENT, OTHER);
    }

    @Test
    void anAddressConcernsThoseWhoSelectItByEgressPolicy() {
        egressPolicy(
                "a",
                "stores",
                "{agentSelector: {matchLabels: {app: other}}, egress: [{name: stores, to: [{podSelector: {matchLabels: {app: store}}}], ports: [{port: 9000}]}]}");
        compiler.compile(OTHER);

        assertThat(compiler.endpoint("s", agent("a", "store", "10.0.0.9"))).containsExactly(OTHER);
        assertThat(compiler.compile(OTHER).egress())
                .containsExactly(new Allow("10.0.0.9/32", Protocol.TCP, 9000, 9000));
    }

    @Test
    void aClusterNetworkPolicyOverrides() {
        compiler.endpoint("s", agent("a", "server", "10.0.0.1"));
        compiler.compile(CLIENT);

        assertThat(compiler.clusterNetworkPolicy("deny", clusterPolicy("{namespaces: {matchLabels: {team: a}}}")))
                .containsExactlyInAnyOrder(CLIENT, OTHER);
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();
        compiler.compile(OTHER);
        assertThat(compiler.namespace("a", Map.of("team", "other")))
                .as("the policy is no longer about it")
                .containsExactlyInAnyOrder(CLIENT, OTHER);
        assertThat(compiler.compile(CLIENT).egress()).isNotEmpty();
        compiler.compile(OTHER);
        assertThat(compiler.clusterNetworkPolicy("deny", null)).isEmpty();
    }

    @Test
    void aNodeIsOpenedToNobody() {
        policy(
                "a",
                "wide",
                "{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.9.0.0/31}}], ports: [{port: 80}]}]}");
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.9.0.0/31", Protocol.TCP, 80, 80));

        assertThat(compiler.endpoint("n", new Endpoint.Node("n", Map.of(), List.of(Cidr.parse("10.9.0.1")))))
                .contains(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.9.0.0/32", Protocol.TCP, 80, 80));
    }

    /** Otherwise whoever reports a node's address would open that node. */
    @Test
    void aNodesAddressStaysTheNodesWhoeverClaimsIt() {
        compiler.endpoint("n", new Endpoint.Node("n", Map.of(), List.of(Cidr.parse("10.0.0.1"))));
        compiler.endpoint("before", agent("a", "server", "10.0.0.2"));
        compiler.endpoint("liar", agent("a", "server", "10.0.0.1"));
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.0.0.2/32", Protocol.TCP, 80, 80));

        assertThat(compiler.endpoint("later", new Endpoint.Node("later", Map.of(), List.of(Cidr.parse("10.0.0.2")))))
                .contains(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();

        compiler.endpoint("n", null);
        assertThat(compiler.compile(CLIENT).egress()).containsExactly(new Allow("10.0.0.1/32", Protocol.TCP, 80, 80));
    }

    @Test
    void anAddressBelongsToWhoClaimedItLast() {
        compiler.endpoint("old", agent("a", "server", "10.0.0.1"));
        compiler.compile(CLIENT);

        assertThat(compiler.endpoint("new", agent("a", "unrelated", "10.0.0.1")))
                .containsExactly(CLIENT);
        assertThat(compiler.compile(CLIENT).egress()).isEmpty();
        assertThat(compiler.endpoint("old", agent("a", "server"))).isEmpty();
        compiler.endpoint("old", agent("a", "server", "10.0.0.1"));
        assertThat(compiler.endpoint("new", null)).isEmpty();
        assertThat(compiler.compile(CLIENT).egress()).isNotEmpty();
    }

    @Test
    void whatIsForgottenConcernsNobody() {
        compiler.forget(CLIENT);

        assertThat(compiler.endpoint("s", agent("a", "server", "10.0.0.1"))).isEmpty();
    }

    private Set<PolicySubject> policy(String namespace, String name, String spec) {
        return compiler.networkPolicy(
                namespace, name, YAML.unmarshal("""
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: %s, namespace: %s}
                spec: %s
                """.formatted(name, namespace, spec), NetworkPolicy.class));
    }

    private Set<PolicySubject> egressPolicy(String namespace, String name, String spec) {
        return compiler.egressPolicy(
                namespace, name, YAML.unmarshal("""
                apiVersion: agentcontainers.dev/v1alpha1
                kind: EgressPolicy
                metadata: {name: %s, namespace: %s}
                spec: %s
                """.formatted(name, namespace, spec), EgressPolicy.class));
    }

    private static GenericKubernetesResource clusterPolicy(String subject) {
        return YAML.unmarshal("""
                apiVersion: policy.networking.k8s.io/v1alpha2
                kind: ClusterNetworkPolicy
                metadata: {name: deny}
                spec: {tier: Admin, priority: 1, subject: %s, egress: [{name: r, action: Deny, to: [{networks: [0.0.0.0/0]}]}]}
                """.formatted(subject), GenericKubernetesResource.class);
    }

    private static PolicySubject subject(String namespace, String app) {
        return new PolicySubject(namespace, Map.of("app", app), List.of());
    }

    private static Endpoint.Agent agent(String namespace, String app, String... addresses) {
        return agent(namespace, app, List.of(), addresses);
    }

    private static Endpoint.Agent agent(String namespace, String app, List<ServedPort> ports, String... addresses) {
        return new Endpoint.Agent(
                namespace,
                app,
                Map.of("app", app),
                Arrays.stream(addresses).map(Cidr::parse).toList(),
                ports,
                List.of());
    }
}
