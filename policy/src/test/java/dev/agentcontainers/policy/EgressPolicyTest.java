package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egressPolicy;
import static dev.agentcontainers.policy.TestPolicies.networkPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.Decision.Reason;
import dev.agentcontainers.policy.Decision.Ungoverned;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What EgressPolicies say of an agent of namespace team-a with the labels app=web and tier=back. */
class EgressPolicyTest {
    private static final String TO_TEN =
            "egress: [{name: ten, to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}], ports: [{port: 443}]}]";
    private static final Endpoint.Agent AGENT = TestPolicies.agent(subject());
    private static final Endpoint.Agent STORE = new Endpoint.Agent(
            "team-b", "store", Map.of("app", "store"), List.of(Cidr.parse("100.80.0.7")), List.of(), List.of());
    private static final Endpoints CLUSTER = new Endpoints(Map.of("team-b", Map.of("team", "b")), List.of(STORE));

    /** One EgressPolicy, one flow; the ruleset agrees. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # spec of the policy                                                                 | flow               | allowed
            {agentSelector: {}, TO_TEN}                                                          | 10.1.1.1:443/TCP   | true
            {agentSelector: {}, TO_TEN}                                                          | 10.1.1.1:443/UDP   | false
            {agentSelector: {}, TO_TEN}                                                          | 10.1.1.1:444/TCP   | false
            {agentSelector: {}, TO_TEN}                                                          | 10.9.1.1:443/TCP   | false
            {agentSelector: {}, TO_TEN}                                                          | 11.1.1.1:443/TCP   | false
            {agentSelector: {matchLabels: {app: web}}, TO_TEN}                                   | 10.1.1.1:443/TCP   | true
            {agentSelector: {matchLabels: {app: other}}, TO_TEN}                                 | 10.1.1.1:443/TCP   | false
            {agentSelector: {matchExpressions: [{key: tier, operator: In, values: [back]}]}, TO_TEN} | 10.1.1.1:443/TCP | true
            {agentSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [back]}]}, TO_TEN} | 10.1.1.1:443/TCP | false
            {TO_TEN}                                                                             | 10.1.1.1:443/TCP   | false
            {agentSelector: {}}                                                                  | 10.1.1.1:443/TCP   | false
            {agentSelector: {}, egress: [{name: none, ports: [{port: 443}]}]}                    | 10.1.1.1:443/TCP   | false
            {agentSelector: {}, egress: [{name: all, to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}       | 8.8.8.8:53/UDP     | true
            {agentSelector: {}, egress: [{name: all, to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}       | 169.254.169.254:80/TCP | false
            """)
    void allows(String spec, String flow, boolean allowed) {
        List<EgressPolicy> policies = List.of(egressPolicy("p", spec.replace("TO_TEN", TO_TEN)));

        Decision decision = egress(policies, EvaluatorTest.flow(flow));
        assertThat(decision instanceof Allowed).as(decision.toString()).isEqualTo(allowed);
        assertThat(Compiled.lets(
                        PolicyCompiler.compile(subject(), List.of(), policies),
                        Direction.EGRESS,
                        EvaluatorTest.flow(flow)))
                .as("compiled")
                .isEqualTo(allowed);
    }

    @Test
    void theRuleIsNamedByItsKey() {
        assertThat(egress(List.of(egressPolicy("sites", "{agentSelector: {}, " + TO_TEN + "}")), to("10.1.1.1")))
                .isEqualTo(new Allowed(Tier.NETWORK_POLICY, new RuleSource("EgressPolicy/sites", "spec.egress[ten]")));
    }

    @Test
    void itAddsToNetworkPoliciesAndInlineRules() {
        var agent = subject("[{name: data, to: [{ipBlock: {cidr: 12.0.0.0/8}}], ports: [{port: 443}]}]");
        var network = networkPolicy(
                "web", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 11.0.0.0/8}}], ports: [{port: 443}]}]}");
        var egress = egressPolicy("ten", "{agentSelector: {}, " + TO_TEN + "}");

        CompiledPolicy compiled = PolicyCompiler.compile(agent, List.of(network), List.of(egress));
        assertThat(compiled.sources()).containsExactly("EgressPolicy/ten", "NetworkPolicy/web", "inline/data");
        assertThat(compiled.egress())
                .contains(
                        new Allow("11.0.0.0/8", Protocol.TCP, 443, 443),
                        new Allow("12.0.0.0/8", Protocol.TCP, 443, 443),
                        new Allow("10.128.0.0/9", Protocol.TCP, 443, 443));
        assertThat(PolicyCompiler.compile(agent, List.of(network), List.of()).egress())
                .as("it can fail")
                .doesNotContain(new Allow("10.128.0.0/9", Protocol.TCP, 443, 443));
    }

    @Test
    void itSaysNothingOfWhatIsReceived() {
        var everything = egressPolicy("all", "{agentSelector: {}, egress: [{name: all, to: [{podSelector: {}}]}]}");

        CompiledPolicy compiled = PolicyCompiler.compile(subject(), List.of(), List.of(everything));
        assertThat(compiled.ingress()).isEmpty();
    }

    /** It would deny them what the cluster's network allows them. */
    @Test
    void itSelectsNoPods() {
        var pod = new Endpoint.Pod("team-a", "pod", Map.of("app", "web"), List.of(), List.of());
        var policies = Policies.of(List.of(), List.of(egressPolicy("p", "{agentSelector: {}}")), List.of());

        assertThat(Evaluator.evaluate(
                                policies,
                                Endpoints.NONE,
                                new Flow(Party.of(pod), Party.at("10.1.1.1"), Protocol.TCP, 443))
                        .egress())
                .isInstanceOf(Ungoverned.class);
    }

    @Test
    void itSelectsNoAgentsOfOtherNamespaces() {
        EgressPolicy other = egressPolicy("p", "{agentSelector: {}, " + TO_TEN + "}");
        other.getMetadata().setNamespace("team-b");

        assertThat(egress(List.of(other), to("10.1.1.1")))
                .isInstanceOfSatisfying(
                        Denied.class,
                        denied -> assertThat(denied.message()).contains("no EgressPolicy selects the agent"));
    }

    /** An agent that it selects is governed, so tier Baseline has no say any more. */
    @Test
    void oneWithoutRulesKeepsTheBaselineAway() {
        var baseline = House.clusterNetworkPolicy(
                "base",
                "{tier: Baseline, priority: 1, subject: {namespaces: {}}, egress: [{action: Accept, to: [{networks: [10.0.0.0/8]}]}]}");
        var empty = egressPolicy("nothing", "{agentSelector: {}}");

        assertThat(evaluate(Policies.of(List.of(), List.of(baseline)), to("10.1.1.1")))
                .isInstanceOf(Allowed.class);
        assertThat(evaluate(Policies.of(List.of(), List.of(empty), List.of(baseline)), to("10.1.1.1")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.reason()).isEqualTo(Reason.NO_MATCHING_RULE);
                    assertThat(denied.message()).contains("none of EgressPolicy/nothing allows it");
                });
    }

    @Test
    void adminOverridesIt() {
        var deny = House.clusterNetworkPolicy(
                "deny",
                "{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [10.1.0.0/16]}]}]}");
        var policies = Policies.of(
                List.of(), List.of(egressPolicy("ten", "{agentSelector: {}, " + TO_TEN + "}")), List.of(deny));

        assertThat(evaluate(policies, to("10.1.1.1")))
                .isInstanceOfSatisfying(
                        Denied.class, denied -> assertThat(denied.reason()).isEqualTo(Reason.ADMIN_TIER));
        assertThat(evaluate(policies, to("10.2.1.1"))).isInstanceOf(Allowed.class);
    }

    @Test
    void selectorsFindAgentsOfTheirNamespaces() {
        var policies = Policies.of(
                List.of(),
                List.of(
                        egressPolicy(
                                "store",
                                "{agentSelector: {}, egress: [{name: store, to: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: 9000}]}]}"),
                        egressPolicy(
                                "own",
                                "{agentSelector: {}, egress: [{name: own, to: [{podSelector: {}}], ports: [{port: 9001}]}]}")),
                List.of());

        assertThat(new PolicyCompiler(policies, CLUSTER).compile(subject()).egress())
                .as("a podSelector alone selects in the policy's namespace")
                .containsExactly(new Allow("100.80.0.7/32", Protocol.TCP, 9000, 9000));
    }

    @Test
    void namesComeIntoTheRuleset() {
        var site = egressPolicy(
                "sites",
                "{agentSelector: {}, egress: [{name: site, to: [{domain: www.example.org}, {domain: '*.example.net'}], ports: [{port: 443}]}]}");

        CompiledPolicy compiled = PolicyCompiler.compile(subject(), List.of(), List.of(site));
        assertThat(compiled.names())
                .containsExactly(
                        new AllowedName("*.example.net", Protocol.TCP, 443, 443),
                        new AllowedName("www.example.org", Protocol.TCP, 443, 443));
        assertThat(compiled.problems()).isEmpty();
        assertThat(egress(List.of(site), new Flow(Party.of(AGENT), Party.named("www.example.org"), Protocol.TCP, 443)))
                .isEqualTo(new Allowed(Tier.NETWORK_POLICY, new RuleSource("EgressPolicy/sites", "spec.egress[site]")));
    }

    @Test
    void whatCannotBeReadAllowsNothingAndSaysSo() {
        var broken = egressPolicy(
                "broken",
                "{agentSelector: {}, egress: [{name: a, to: [{ipBlock: {cidr: ten}}, {domain: localhost}, {}]}, {name: b, to: [{domain: a.example.org}]}]}");

        CompiledPolicy compiled = PolicyCompiler.compile(subject(), List.of(), List.of(broken));
        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.problems())
                .satisfiesExactlyInAnyOrder(
                        problem -> assertThat(problem).startsWith("EgressPolicy/broken spec.egress[a].to[0].ipBlock: "),
                        problem -> assertThat(problem).startsWith("EgressPolicy/broken spec.egress[a].to[1].domain: "),
                        problem -> assertThat(problem).startsWith("EgressPolicy/broken spec.egress[a].to[2]: "),
                        problem -> assertThat(problem).startsWith("EgressPolicy/broken spec.egress[b]: with domain"));
    }

    @Test
    void oneWithoutNamespaceIsRefused() {
        EgressPolicy policy = egressPolicy("p", "{agentSelector: {}}");
        policy.getMetadata().setNamespace(null);

        assertThatThrownBy(() -> Policies.of(List.of(), List.of(policy), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("EgressPolicy/p metadata.namespace: is missing");
    }

    @Test
    void aNameThatIsDeniedSaysHowToAllowIt() {
        Flow flow = new Flow(Party.of(AGENT), Party.named("www.example.org"), Protocol.TCP, 443);
        assertThat(egress(List.of(), flow)).isInstanceOfSatisfying(Denied.class, denied -> {
            assertThat(denied.remedy())
                    .isEqualTo(
                            "To allow it add to spec.network.egress: {name: NAME, to: [{domain: www.example.org}], ports: [{protocol: TCP, port: 443}]}");
            String rule = denied.remedy().substring(denied.remedy().indexOf('{'));
            assertThat(TestPolicies.egress(List.of(), subject("[" + rule + "]"), flow))
                    .isInstanceOf(Allowed.class);
        });
    }

    /** The API takes no underscores in rules of agents. */
    @Test
    void aNameThatRulesOfAgentsCannotHaveIsForAdministrators() {
        assertThat(egress(List.of(), new Flow(Party.of(AGENT), Party.named("_dmarc.example.org"), Protocol.TCP, 443)))
                .isInstanceOfSatisfying(
                        Denied.class,
                        denied -> assertThat(denied.remedy())
                                .contains("ClusterNetworkPolicy", "{domainNames: [_dmarc.example.org]}"));
    }

    private static Flow to(String address) {
        return new Flow(Party.of(AGENT), Party.at(address), Protocol.TCP, 443);
    }

    private static Decision egress(List<EgressPolicy> policies, Flow flow) {
        return evaluate(Policies.of(List.of(), policies, List.of()), flow);
    }

    private static Decision evaluate(Policies policies, Flow flow) {
        Flow sent = new Flow(Party.of(AGENT), flow.destination(), flow.protocol(), flow.port());
        return Evaluator.evaluate(policies, Endpoints.NONE, sent).egress();
    }
}
