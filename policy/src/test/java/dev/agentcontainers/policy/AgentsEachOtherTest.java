package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.Decision.Reason;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.endpoint.ServedPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An agent of namespace team-a that calls another of team-b: what each end has to say. */
class AgentsEachOtherTest {
    private static final Endpoint.Agent CALLER =
            agent("team-a", "caller", Map.of("app", "caller"), "10.1.0.1", "fd00::1");
    private static final Endpoint.Agent SERVER =
            agent("team-b", "server", Map.of("app", "server"), "10.1.0.2", "fd00::2");
    private static final Endpoint.Pod POD =
            new Endpoint.Pod("team-b", "pod", Map.of("app", "server"), List.of(Cidr.parse("10.2.0.1")), List.of());
    private static final Endpoints ENDPOINTS = new Endpoints(
            Map.of("team-a", Map.of("stage", "test"), "team-b", Map.of("stage", "test")), List.of(CALLER, SERVER, POD));

    /** All flows are TCP to port 8080 of the server, named http there. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # egress of the caller's policy                                           | ingress of the server's policy | egress | ingress
            -                                                                         | -                             | false | false
            [{}]                                                                      | -                             | true  | false
            -                                                                         | [{}]                          | false | true
            [{}]                                                                      | [{}]                          | true  | true
            [{to: [{podSelector: {}}]}]                                               | [{from: [{podSelector: {}}]}] | false | false
            [{to: [{namespaceSelector: {}}]}]                                         | [{from: [{namespaceSelector: {}}]}] | true | true
            [{to: [{namespaceSelector: {matchLabels: {stage: test}}}]}]               | [{from: [{namespaceSelector: {matchLabels: {stage: live}}}]}] | true | false
            [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}]}] | [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}]}] | true | false
            [{to: [{ipBlock: {cidr: 10.1.0.0/24}}]}]                                  | [{from: [{ipBlock: {cidr: 10.1.0.0/24, except: [10.1.0.1/32]}}]}] | true | false
            [{ports: [{port: http}]}]                                                 | [{ports: [{port: http}]}]     | true  | true
            [{ports: [{port: http, protocol: UDP}]}]                                  | [{ports: [{port: metrics}]}]  | false | false
            [{ports: [{port: http, endPort: 9000}]}]                                  | [{ports: [{port: 8000, endPort: 9000}]}] | false | true
            [{ports: [{port: http}], to: [{ipBlock: {cidr: 10.1.0.2/32}}]}]           | [{ports: [{port: 8080, protocol: UDP}]}] | true | false
            """)
    void bothEndsDecide(String egress, String ingress, boolean sends, boolean receives) {
        List<NetworkPolicy> policies = new ArrayList<>();
        if (!egress.equals("-")) {
            policies.add(policy("team-a", "{podSelector: {}, policyTypes: [Egress], egress: " + egress + "}"));
        }
        if (!ingress.equals("-")) {
            policies.add(policy("team-b", "{podSelector: {}, policyTypes: [Ingress], ingress: " + ingress + "}"));
        }
        Verdict byEndpoint = evaluate(policies, Party.of(CALLER), Party.of(SERVER), 8080);
        Verdict byAddress = evaluate(policies, Party.at("10.1.0.1"), Party.at("10.1.0.2"), 8080);

        assertThat(byEndpoint.egress().isAllowed()).as(byEndpoint.toString()).isEqualTo(sends);
        assertThat(byEndpoint.ingress().isAllowed()).as(byEndpoint.toString()).isEqualTo(receives);
        assertThat(byEndpoint.isAllowed()).isEqualTo(sends && receives);
        assertThat(byAddress).isEqualTo(byEndpoint);
    }

    @Test
    void theOtherAddressCountsWhereItIsTheOneCalled() {
        var policies = List.of(policy(
                "team-a",
                "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 'fd00::/64'}}]}]}"));

        assertThat(evaluate(policies, Party.of(CALLER), Party.at("fd00::2"), 8080)
                        .egress()
                        .isAllowed())
                .isTrue();
        assertThat(evaluate(policies, Party.of(CALLER), Party.at("10.1.0.2"), 8080)
                        .egress()
                        .isAllowed())
                .isFalse();
    }

    @Test
    void anAgentWithoutAddressIsSelectedByLabelsAlone() {
        var placeless = new Endpoint.Agent("team-b", "new", Map.of("app", "server"), List.of(), List.of(), List.of());
        var byLabels = List.of(
                policy(
                        "team-a",
                        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}]}]}"));
        var byAddress = List.of(policy(
                "team-a", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"));

        assertThat(evaluate(byLabels, Party.of(CALLER), Party.of(placeless), 80)
                        .egress()
                        .isAllowed())
                .isTrue();
        assertThat(evaluate(byAddress, Party.of(CALLER), Party.of(placeless), 80)
                        .egress()
                        .isAllowed())
                .isFalse();
    }

    @Test
    void podsAreOpenUntilAPolicySelectsThem() {
        var toAll = policy("team-a", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}");
        var isolating = policy("team-b", "{podSelector: {}, policyTypes: [Ingress]}");

        assertThat(evaluate(List.of(toAll), Party.of(CALLER), Party.of(POD), 80).isAllowed())
                .isTrue();
        assertThat(evaluate(List.of(toAll, isolating), Party.of(CALLER), Party.of(POD), 80)
                        .isAllowed())
                .isFalse();
        assertThat(evaluate(List.of(), Party.of(POD), Party.at("169.254.169.254"), 80)
                        .isAllowed())
                .as("invariants are for agents")
                .isTrue();
        assertThat(evaluate(List.of(), Party.at("203.0.113.1"), Party.of(POD), 80)
                        .isAllowed())
                .isTrue();
    }

    @Test
    void aDenialAtEachEndSaysWhatWouldAllowIt() {
        Verdict verdict = evaluate(List.of(), Party.of(CALLER), Party.of(SERVER), 8080);

        assertThat(verdict.egress()).isInstanceOfSatisfying(Denied.class, denied -> {
            assertThat(denied.reason()).isEqualTo(Reason.NO_POLICY);
            assertThat(denied.message()).startsWith("10.1.0.2:8080/TCP is denied: no NetworkPolicy");
            assertThat(denied.remedy())
                    .isEqualTo("To allow it add to spec.egress of a NetworkPolicy with policyType Egress that selects"
                            + " AgentContainer team-a/caller: {to: [{namespaceSelector: {matchLabels:"
                            + " {kubernetes.io/metadata.name: team-b}}, podSelector: {matchLabels: {app: 'server'}}}],"
                            + " ports: [{protocol: TCP, port: 8080}]}");
        });
        assertThat(verdict.ingress()).isInstanceOfSatisfying(Denied.class, denied -> {
            assertThat(denied.reason()).isEqualTo(Reason.NO_POLICY);
            assertThat(denied.message())
                    .isEqualTo(
                            "10.1.0.2:8080/TCP from 10.1.0.1 (AgentContainer team-a/caller) is denied: no NetworkPolicy"
                                    + " with policyType Ingress selects AgentContainer team-b/server, so nothing reaches it");
            assertThat(denied.remedy())
                    .contains("spec.ingress", "AgentContainer team-b/server", "{from: [{namespaceSelector", "team-a");
        });
    }

    @Test
    void aPolicyWithoutNamespaceIsRefused() {
        NetworkPolicy policy = policy("team-a", "{podSelector: {}}");
        policy.getMetadata().setNamespace(null);

        assertThatThrownBy(() -> Policies.of(List.of(policy)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NetworkPolicy/p metadata.namespace");
    }

    private static Verdict evaluate(List<NetworkPolicy> policies, Party source, Party destination, int port) {
        return Evaluator.evaluate(Policies.of(policies), ENDPOINTS, new Flow(source, destination, Protocol.TCP, port));
    }

    private static NetworkPolicy policy(String namespace, String spec) {
        NetworkPolicy policy = TestPolicies.networkPolicy("p", spec);
        policy.getMetadata().setNamespace(namespace);
        return policy;
    }

    private static Endpoint.Agent agent(
            String namespace, String name, Map<String, String> labels, String... addresses) {
        return new Endpoint.Agent(
                namespace,
                name,
                labels,
                List.of(addresses).stream().map(Cidr::parse).toList(),
                List.of(new ServedPort("http", Protocol.TCP, 8080), new ServedPort("metrics", Protocol.TCP, 9090)),
                List.of());
    }
}
