package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egress;
import static dev.agentcontainers.policy.TestPolicies.networkPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.Decision.Reason;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluatorTest {
    private static final String TO_TEN = "to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}]";

    /** One NetworkPolicy, one flow; what NetworkPolicy v1 says of it. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # spec of the policy                                                              | flow                 | allowed
            {podSelector: {}, policyTypes: [Egress], egress: [{}]}                             | 8.8.8.8:53/UDP       | true
            {podSelector: {}, policyTypes: [Egress], egress: [{}]}                             | 2001:db8::1:53/SCTP  | true
            {podSelector: {}, egress: [{}]}                                                    | 8.8.8.8:1/TCP        | true
            {podSelector: {}, policyTypes: [Egress], egress: [{}]}                             | 8.8.8.8:0/TCP        | false
            {podSelector: {}, policyTypes: [Egress], egress: [{}]}                             | 169.254.169.254:80/TCP | false
            {podSelector: {}, policyTypes: [Ingress], egress: [{}]}                            | 8.8.8.8:53/UDP       | false
            {podSelector: {}, policyTypes: [Egress]}                                           | 8.8.8.8:53/UDP       | false
            {podSelector: {}, policyTypes: [Egress], egress: []}                               | 8.8.8.8:53/UDP       | false
            {podSelector: {matchLabels: {app: web}}, egress: [{}]}                             | 8.8.8.8:53/UDP       | true
            {podSelector: {matchLabels: {app: other}}, egress: [{}]}                           | 8.8.8.8:53/UDP       | false
            {podSelector: {matchLabels: {app: web, tier: front}}, egress: [{}]}                | 8.8.8.8:53/UDP       | false
            {podSelector: {matchExpressions: [{key: app, operator: In, values: [a, web]}]}, egress: [{}]}    | 8.8.8.8:53/UDP | true
            {podSelector: {matchExpressions: [{key: app, operator: In, values: [a]}]}, egress: [{}]}         | 8.8.8.8:53/UDP | false
            {podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}, egress: [{}]}    | 8.8.8.8:53/UDP | false
            {podSelector: {matchExpressions: [{key: none, operator: NotIn, values: [web]}]}, egress: [{}]}   | 8.8.8.8:53/UDP | true
            {podSelector: {matchExpressions: [{key: app, operator: Exists}]}, egress: [{}]}                  | 8.8.8.8:53/UDP | true
            {podSelector: {matchExpressions: [{key: none, operator: Exists}]}, egress: [{}]}                 | 8.8.8.8:53/UDP | false
            {podSelector: {matchExpressions: [{key: none, operator: DoesNotExist}]}, egress: [{}]}           | 8.8.8.8:53/UDP | true
            {podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, egress: [{}]}            | 8.8.8.8:53/UDP | false
            {podSelector: {matchExpressions: [{key: app, operator: NewOne}]}, egress: [{}]}                  | 8.8.8.8:53/UDP | false
            {podSelector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: DoesNotExist}]}, egress: [{}]} | 8.8.8.8:53/UDP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}]}]}        | 10.8.255.255:1/TCP | true
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}]}]}        | 10.9.0.0:1/TCP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}]}]}        | 11.0.0.0:1/TCP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}, {ipBlock: {cidr: 10.9.1.0/24}}]}]} | 10.9.1.7:1/TCP | true
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}                               | 10.200.0.1:1/TCP | true
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: nonsense}}]}]}                                 | 10.200.0.1:1/TCP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [nonsense]}}]}]}           | 10.200.0.1:1/TCP | false
            {podSelector: {}, egress: [{to: [{podSelector: {}}]}]}                                           | 10.200.0.1:1/TCP | false
            {podSelector: {}, egress: [{to: [{namespaceSelector: {}}]}]}                                     | 10.200.0.1:1/TCP | false
            {podSelector: {}, egress: [{to: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}            | 10.200.0.1:1/TCP | true
            {podSelector: {}, egress: [{to: [], ports: []}]}                                                 | 10.200.0.1:1/TCP | true
            {podSelector: {}, egress: [{ports: [{port: 443}]}]}                                              | 10.200.0.1:443/TCP | true
            {podSelector: {}, egress: [{ports: [{port: 443}]}]}                                              | 10.200.0.1:443/UDP | false
            {podSelector: {}, egress: [{ports: [{port: 443}]}]}                                              | 10.200.0.1:442/TCP | false
            {podSelector: {}, egress: [{ports: [{protocol: UDP}]}]}                                          | 10.200.0.1:9/UDP | true
            {podSelector: {}, egress: [{ports: [{protocol: UDP}]}]}                                          | 10.200.0.1:9/TCP | false
            {podSelector: {}, egress: [{ports: [{port: 100, endPort: 200}]}]}                                | 10.200.0.1:200/TCP | true
            {podSelector: {}, egress: [{ports: [{port: 100, endPort: 200}]}]}                                | 10.200.0.1:201/TCP | false
            {podSelector: {}, egress: [{ports: [{port: 200, endPort: 100}]}]}                                | 10.200.0.1:150/TCP | false
            {podSelector: {}, egress: [{ports: [{endPort: 100}]}]}                                           | 10.200.0.1:50/TCP | false
            {podSelector: {}, egress: [{ports: [{port: http}]}]}                                             | 10.200.0.1:80/TCP | false
            {podSelector: {}, egress: [{ports: [{port: 443, protocol: DCCP}]}]}                              | 10.200.0.1:443/TCP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: '2001:db8::/32'}}]}]}                          | 2001:db8:1::5:9/UDP | true
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: '0.0.0.0/0'}}]}]}                              | 2001:db8:1::5:9/UDP | false
            {podSelector: {}, egress: [{to: [{ipBlock: {cidr: '::/0'}}]}]}                                   | 10.0.0.1:9/UDP | false
            """)
    void followsNetworkPolicyV1(String spec, String flow, boolean allowed) {
        Decision decision = egress(List.of(networkPolicy("p", spec)), subject(), flow(flow));

        assertThat(decision instanceof Allowed).as(decision.toString()).isEqualTo(allowed);
        assertThat(Compiled.lets(
                        PolicyCompiler.compile(subject(), List.of(networkPolicy("p", spec))),
                        Direction.EGRESS,
                        flow(flow)))
                .as("compiled")
                .isEqualTo(allowed);
    }

    @Test
    void nothingIsAllowedWithoutPolicy() {
        assertThat(egress(List.of(), subject(), flow("10.1.1.1:443/TCP")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.reason()).isEqualTo(Reason.NO_POLICY);
                    assertThat(denied.message()).contains("10.1.1.1:443/TCP");
                    assertThat(denied.remedy())
                            .contains("spec.network.egress", "cidr: 10.1.1.1/32", "protocol: TCP, port: 443");
                });
    }

    @Test
    void policiesAddUpAndTheFirstByNameDecides() {
        var narrow = networkPolicy("b-narrow", "{podSelector: {}, policyTypes: [Egress], egress: []}");
        var wide = networkPolicy("c-wide", "{podSelector: {}, egress: [{" + TO_TEN + "}]}");
        var same = networkPolicy("a-same", "{podSelector: {}, egress: [{" + TO_TEN + "}]}");

        assertThat(egress(List.of(wide, narrow, same), subject(), flow("10.1.1.1:443/TCP")))
                .isEqualTo(new Allowed(Tier.NETWORK_POLICY, new RuleSource("NetworkPolicy/a-same", "spec.egress[0]")));
    }

    @Test
    void exceptTakesFromItsOwnPeerOnly() {
        var one = networkPolicy("one", "{podSelector: {}, egress: [{" + TO_TEN + "}]}");
        var inline = subject("[{name: data, to: [{ipBlock: {cidr: 10.9.1.0/24}}]}]");

        assertThat(egress(List.of(one), inline, flow("10.9.1.1:443/TCP")))
                .isEqualTo(
                        new Allowed(Tier.NETWORK_POLICY, new RuleSource("inline/data", "spec.network.egress[data]")));
    }

    @Test
    void policiesOfOtherNamespacesDoNotCount() {
        var other = networkPolicy("p", "{podSelector: {}, egress: [{}]}");
        other.getMetadata().setNamespace("team-b");

        assertThat(egress(List.of(other), subject(), flow("10.9.1.1:443/TCP"))).isInstanceOf(Denied.class);
    }

    @Test
    void aDenialSaysWhatWasConsidered() {
        var policy = networkPolicy(
                "web",
                "{podSelector: {}, egress: [{" + TO_TEN + ", ports: [{port: 443}]}, {to: [{podSelector: {}}]}]}");
        var agent = subject("[{name: dns, to: [{ipBlock: {cidr: 10.0.0.53/32}}], ports: [{protocol: UDP, port: 53}]}]");

        assertThat(egress(List.of(policy), agent, flow("10.1.1.1:80/TCP")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.reason()).isEqualTo(Reason.NO_MATCHING_RULE);
                    assertThat(denied.message()).contains("NetworkPolicy/web, inline/dns");
                    assertThat(denied.considered())
                            .satisfiesExactly(
                                    first -> assertThat(first)
                                            .contains("spec.egress[0] allows the address, but not port 80/TCP"),
                                    second -> assertThat(second)
                                            .contains("spec.egress[1] allows the port, but not the address"),
                                    third -> assertThat(third).contains("[dns] allows neither address nor port"));
                });
    }

    @Test
    void anInvariantSaysSo() {
        var everything = networkPolicy("all", "{podSelector: {}, egress: [{}]}");

        assertThat(egress(List.of(everything), subject(), flow("169.254.169.254:80/TCP")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.reason()).isEqualTo(Reason.INVARIANT);
                    assertThat(denied.message()).contains("invariant", "169.254.0.0/16", "link-local");
                    assertThat(denied.remedy()).isEqualTo("No policy can allow it.");
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "*",
                "010.0.0.1",
                "10.1",
                "0x0a000001",
                "167772161",
                "10.0.0.1/8",
                "fe80::1%eth0",
                "10.0.0.1 ",
                "10.0-5.0.1",
                "example.org"
            })
    void addressesInDisguiseAreRefused(String address) {
        assertThatThrownBy(() -> Party.at(address))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + address + "'");
    }

    static Flow flow(String text) {
        int slash = text.lastIndexOf('/');
        int colon = text.lastIndexOf(':');
        return new Flow(
                Party.named("whoever.example.org"),
                Party.at(text.substring(0, colon)),
                Protocol.valueOf(text.substring(slash + 1)),
                Integer.parseInt(text.substring(colon + 1, slash)));
    }
}
