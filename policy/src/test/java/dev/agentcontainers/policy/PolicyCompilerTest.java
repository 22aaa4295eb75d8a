package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.networkPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.ServedPort;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PolicyCompilerTest {
    @Test
    void noPolicyAllowsNothing() {
        CompiledPolicy compiled = PolicyCompiler.compile(subject(), List.of());

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.sources()).isEmpty();
        assertThat(compiled.hash()).isEqualTo(RulesetHash.of(List.of())).matches("[0-9a-f]{40}");
    }

    @Test
    void theExampleOfTheUserGuide() {
        var agent = subject(
                "[{name: data, to: [{ipBlock: {cidr: 10.20.0.0/16, except: [10.20.128.0/17]}}], ports: [{protocol: TCP, port: 8080}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(agent, List.of());

        assertThat(compiled.egress()).containsExactly(new Allow("10.20.0.0/17", Protocol.TCP, 8080, 8080));
        assertThat(compiled.sources()).containsExactly("inline/data");
        assertThat(compiled.problems()).isEmpty();
    }

    @Test
    void mergesNeighboursAndOverlaps() {
        var agent = subject("""
                [{name: a, to: [{ipBlock: {cidr: 10.0.0.0/25}}, {ipBlock: {cidr: 10.0.0.128/25}}], ports: [{port: 80}]},
                 {name: b, to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 81, endPort: 90}, {port: 85, endPort: 99}]},
                 {name: c, to: [{ipBlock: {cidr: 10.0.0.7/32}}], ports: [{port: 90}]}]
                """);

        assertThat(PolicyCompiler.compile(agent, List.of()).egress())
                .containsExactly(new Allow("10.0.0.0/24", Protocol.TCP, 80, 99));
    }

    @Test
    void cutsPortsWhereAddressesDiffer() {
        var agent = subject("""
                [{name: a, to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 80, endPort: 90}]},
                 {name: b, to: [{ipBlock: {cidr: 10.0.1.0/24}}], ports: [{port: 85}]}]
                """);

        assertThat(PolicyCompiler.compile(agent, List.of()).egress())
                .containsExactly(
                        new Allow("10.0.0.0/24", Protocol.TCP, 80, 84),
                        new Allow("10.0.0.0/23", Protocol.TCP, 85, 85),
                        new Allow("10.0.0.0/24", Protocol.TCP, 86, 90));
    }

    @Test
    void leavesOutInvariants() {
        var agent = subject("[{name: a, to: [{ipBlock: {cidr: 169.254.0.0/15}}], ports: [{port: 80}]}]");

        assertThat(PolicyCompiler.compile(agent, List.of()).egress())
                .containsExactly(new Allow("169.255.0.0/16", Protocol.TCP, 80, 80));
    }

    @Test
    void everythingIsEverythingButInvariants() {
        var compiled =
                PolicyCompiler.compile(subject(), List.of(networkPolicy("all", "{podSelector: {}, egress: [{}]}")));

        assertThat(compiled.egress()).extracting(Allow::protocol).containsOnly(Protocol.values());
        assertThat(compiled.egress()).allSatisfy(box -> assertThat(box.port()).isOne());
        assertThat(compiled.egress())
                .allSatisfy(box -> assertThat(box.endPort()).isEqualTo(65535));
        assertThat(compiled.egress()).hasSizeLessThan(PolicyCompiler.MOST_BOXES);
    }

    @Test
    void aRulesetThatIsTooLargeAllowsNothingAndSaysSo() {
        String exceptions = IntStream.range(0, 32)
                .mapToObj(index -> "10." + index * 8 + ".0.1/32")
                .collect(Collectors.joining(", "));
        String ports = IntStream.range(0, 64)
                .mapToObj(index -> "{port: " + (1 + index * 2) + "}")
                .collect(Collectors.joining(", "));
        var agent = subject("[{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8, except: [" + exceptions + "]}}], ports: ["
                + ports + "]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(agent, List.of());

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.problems()).singleElement().asString().contains("more than 4096 boxes", "allow nothing");
        assertThat(compiled.asGroup("g").problems()).containsExactlyElementsOf(compiled.problems());
    }

    @Test
    void reportsWhatAllowsNothing() {
        var compiled = PolicyCompiler.compile(
                subject(),
                List.of(
                        networkPolicy(
                                "web",
                                "{podSelector: {}, egress: [{to: [{podSelector: {}}], ports: [{port: http}]}, {to: [{ipBlock: {cidr: x}}]}]}")));

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.sources()).containsExactly("NetworkPolicy/web");
        assertThat(compiled.problems())
                .satisfiesExactly(
                        peer -> assertThat(peer).startsWith("NetworkPolicy/web spec.egress[0].to[0]: podSelector"),
                        port -> assertThat(port)
                                .startsWith("NetworkPolicy/web spec.egress[0].ports[0].port: the name 'http'"),
                        cidr -> assertThat(cidr).startsWith("NetworkPolicy/web spec.egress[1].to[0].ipBlock: 'x'"));
    }

    @Test
    void ingressIsOfAddressesAndOwnPorts() {
        var server = new PolicySubject(
                "team-a", Map.of("app", "web"), List.of(), List.of(new ServedPort("http", Protocol.TCP, 8080)));
        var client = new Endpoint.Agent(
                "team-a", "c", Map.of("app", "client"), List.of(Cidr.parse("100.80.0.5")), List.of(), List.of());
        var policies = Policies.of(
                List.of(
                        networkPolicy(
                                "web",
                                "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: http}]}]}")));

        CompiledPolicy compiled =
                new PolicyCompiler(policies, new Endpoints(Map.of(), List.of(client))).compile(server);

        assertThat(compiled.ingress()).containsExactly(new Allow("100.80.0.5/32", Protocol.TCP, 8080, 8080));
        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.problems()).isEmpty();
        assertThat(compiled.sources()).containsExactly("NetworkPolicy/web");
        assertThat(compiled.hash()).isEqualTo(RulesetHash.of(List.of(), compiled.ingress(), List.of()));
        assertThat(compiled.asGroup("g").ingress()).isEqualTo(compiled.ingress());
    }

    @Test
    void whatNobodyMayReachIsIngressOfNothing() {
        CompiledPolicy compiled = PolicyCompiler.compile(
                subject(), List.of(networkPolicy("all", "{podSelector: {}, policyTypes: [Egress], egress: [{}]}")));

        assertThat(compiled.ingress()).isEmpty();
        assertThat(compiled.asGroup("g").ingress())
                .as("as it was before there was any")
                .isNull();
    }

    @Test
    void egressToAnAgentIsOfItsOwnPolicyOnly() {
        var agent = subject();
        var destination = new Endpoint.Agent(
                "team-a",
                "d",
                Map.of("app", "db"),
                List.of(Cidr.parse("100.80.0.9")),
                List.of(new ServedPort("sql", Protocol.TCP, 5432)),
                List.of());
        var policies = Policies.of(List.of(
                networkPolicy(
                        "out",
                        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: sql}]}]}"),
                networkPolicy("in", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}")));

        assertThat(new PolicyCompiler(policies, new Endpoints(Map.of(), List.of(destination)))
                        .compile(agent)
                        .egress())
                .containsExactly(new Allow("100.80.0.9/32", Protocol.TCP, 5432, 5432));
    }

    @Test
    void theHashOfARulesetWithoutIngressAndNamesIsThatOfItsEgress() {
        var egress = List.of(new Allow("10.0.0.0/24", Protocol.TCP, 80, 99));
        var name = new AllowedName("*.example.org", Protocol.TCP, 443, 443);

        assertThat(RulesetHash.of(egress, List.of(), List.of())).isEqualTo(RulesetHash.of(egress));
        assertThat(List.of(
                        RulesetHash.of(egress),
                        RulesetHash.of(List.of(), egress, List.of()),
                        RulesetHash.of(egress, egress, List.of()),
                        RulesetHash.of(egress, List.of(), List.of(name)),
                        RulesetHash.of(List.of(), List.of(), List.of(name))))
                .doesNotHaveDuplicates();
        assertThat(RulesetHash.of(
                        List.of(),
                        List.of(),
                        List.of(
                                new AllowedName("a.example.org", Protocol.TCP, 81, 82),
                                new AllowedName("a.example.org", Protocol.TCP, 80, 80))))
                .isEqualTo(RulesetHash.of(
                        List.of(), List.of(), List.of(new AllowedName("a.example.org", Protocol.TCP, 80, 82))));
    }

    @Test
    void theHashesOfEarlierVersionsStay() {
        assertThat(RulesetHash.of(List.of())).isEqualTo("3f82ad7ef191390eb787a875581ea0fc57f7216b");
        assertThat(RulesetHash.of(List.of(new Allow("10.20.0.0/17", Protocol.TCP, 8080, 8080))))
                .isEqualTo("992e3c6ba1c2e98678ede61806afc2d6605cdb6e");
    }

    @Test
    void theHashIsOfTheFlowsNotOfTheBoxes() {
        var whole = List.of(new Allow("10.0.0.0/24", Protocol.TCP, 80, 99));
        var parts = List.of(
                new Allow("10.0.0.128/25", Protocol.TCP, 80, 99),
                new Allow("10.0.0.0/25", Protocol.TCP, 90, 99),
                new Allow("10.0.0.0/25", Protocol.TCP, 80, 89));
        var overlapping = List.of(whole.getFirst(), parts.getFirst());

        assertThat(RulesetHash.of(parts)).isEqualTo(RulesetHash.of(whole)).isEqualTo(RulesetHash.of(overlapping));
        assertThat(RulesetHash.of(List.of(new Allow("10.0.0.0/24", Protocol.UDP, 80, 99))))
                .isNotEqualTo(RulesetHash.of(whole));
        assertThat(RulesetHash.of(parts.subList(0, 2))).isNotEqualTo(RulesetHash.of(whole));
    }

    @Test
    void aMalformedBoxHasNoHash() {
        assertThatThrownBy(() -> RulesetHash.of(List.of(new Allow("ten", Protocol.TCP, 80, 80))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'ten'");
        assertThatThrownBy(() -> RulesetHash.of(List.of(new Allow("10.0.0.0/8", Protocol.TCP, 80, 70))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("80-70");
    }

    @Test
    void groupsAreNamedByWhatTheyMean() {
        var one = subject("""
                [{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}, {ipBlock: {cidr: 11.0.0.0/8}}], ports: [{port: 80}]},
                 {name: b, to: [{ipBlock: {cidr: 12.0.0.0/8}}]}]
                """);
        var reordered = subject("""
                [{name: b, to: [{ipBlock: {cidr: 12.0.0.0/8, except: []}}], ports: []},
                 {name: a, to: [{ipBlock: {cidr: 11.0.0.0/8}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16, 10.1.0.0/16]}}], ports: [{protocol: TCP, port: 80}]}]
                """);

        assertThat(PolicyGroup.nameOf(one))
                .isEqualTo(PolicyGroup.nameOf(reordered))
                .matches("[0-9a-f]{40}");
        assertThat(List.of(
                        PolicyGroup.nameOf(one),
                        PolicyGroup.nameOf(subject()),
                        PolicyGroup.nameOf(new PolicySubject("team-b", one.labels(), one.inlineRules())),
                        PolicyGroup.nameOf(new PolicySubject("team-a", Map.of(), one.inlineRules())),
                        PolicyGroup.nameOf(new PolicySubject("team-a", Map.of("ab", "c"), List.of())),
                        PolicyGroup.nameOf(new PolicySubject("team-a", Map.of("a", "bc"), List.of())),
                        PolicyGroup.nameOf(new PolicySubject(
                                "team-a",
                                Map.of("a", "bc"),
                                List.of(),
                                List.of(new ServedPort("web", Protocol.TCP, 80))))))
                .doesNotHaveDuplicates();
    }
}
