package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.endpoint.Endpoints;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which domain names come into rulesets. */
class NamesTest {
    private static final PolicySubject AGENT = subject(
            "[{name: site, quic: Allow, to: [{domain: www.example.org}, {domain: '*.example.net'}], ports: [{port: 443}, {protocol: UDP, port: 443}]}]");

    @Test
    void inlineRulesNameThem() {
        CompiledPolicy compiled = PolicyCompiler.compile(AGENT, List.of());

        assertThat(compiled.names())
                .containsExactly(
                        new AllowedName("*.example.net", Protocol.TCP, 443, 443),
                        new AllowedName("*.example.net", Protocol.UDP, 443, 443),
                        new AllowedName("www.example.org", Protocol.TCP, 443, 443),
                        new AllowedName("www.example.org", Protocol.UDP, 443, 443));
        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.problems()).isEmpty();
        assertThat(compiled.hash())
                .isEqualTo(RulesetHash.of(
                        List.of(),
                        List.of(),
                        compiled.names(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        compiled.quicNames()));
        assertThat(compiled.asGroup("g").names()).isEqualTo(compiled.names());
    }

    @Test
    void rangesThatTouchAreOne() {
        var agent = subject(
                "[{name: a, to: [{domain: a.example.org}], ports: [{port: 80}]}, {name: b, to: [{domain: a.example.org}], ports: [{port: 81, endPort: 90}]}]");

        assertThat(PolicyCompiler.compile(agent, List.of()).names())
                .containsExactly(new AllowedName("a.example.org", Protocol.TCP, 80, 90));
    }

    @Test
    void groupsDifferByThem() {
        assertThat(List.of(
                        PolicyGroup.nameOf(AGENT),
                        PolicyGroup.nameOf(subject()),
                        PolicyGroup.nameOf(
                                subject("[{name: site, to: [{domain: a.example.org}], ports: [{port: 443}]}]")),
                        PolicyGroup.nameOf(subject("[{name: site, to: [{podSelector: {}}], ports: [{port: 443}]}]")),
                        PolicyGroup.nameOf(
                                subject("[{name: site, to: [{namespaceSelector: {}}], ports: [{port: 443}]}]"))))
                .doesNotHaveDuplicates();
    }

    @Test
    void denialsOfPrivateAddressesLeaveThem() {
        assertThat(compiled("{action: Deny, to: [{networks: [10.0.0.0/8]}]}").names())
                .hasSize(4);
    }

    @Test
    void whatIsClosedBeforeClosesNamesToo() {
        CompiledPolicy compiled = compiled(
                "{action: Deny, to: [{networks: [20.0.0.0/24]}], protocols: [{tcp: {destinationPort: {number: 443}}}]}");

        assertThat(compiled.names()).extracting(AllowedName::protocol).containsOnly(Protocol.UDP);
        assertThat(compiled.problems())
                .singleElement()
                .asString()
                .startsWith("inline/site spec.network.egress[site]: a rule before it closes public addresses");
    }

    @Test
    void clusterNetworkPoliciesNameThem() {
        CompiledPolicy compiled = compiled(
                "{action: Accept, to: [{domainNames: [a.example.org]}], protocols: [{tcp: {destinationPort: {number: 80}}}]}",
                "{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}");

        assertThat(compiled.names()).containsExactly(new AllowedName("a.example.org", Protocol.TCP, 80, 80));
    }

    /** Their API has no word for it. */
    @Test
    void quicPassesToThoseOfClusterNetworkPoliciesAtUdp() {
        CompiledPolicy compiled = compiled(
                "{action: Accept, to: [{domainNames: [a.example.org]}], protocols: [{udp: {destinationPort: {number: 443}}}, {tcp: {destinationPort: {number: 443}}}]}",
                "{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}");

        assertThat(compiled.quicNames()).containsExactly(new AllowedName("a.example.org", Protocol.UDP, 443, 443));
        assertThat(compiled.problems()).noneMatch(problem -> problem.contains("QUIC"));
    }

    @Test
    void namesAtAllPortsAllowNothing() {
        CompiledPolicy compiled = compiled("{action: Accept, to: [{domainNames: [a.example.org]}]}");

        assertThat(compiled.names()).extracting(AllowedName::domain).doesNotContain("a.example.org");
        assertThat(compiled.problems()).singleElement().asString().contains("at most 64 in all");
    }

    private static CompiledPolicy compiled(String... rules) {
        var policy = House.clusterNetworkPolicy(
                "c",
                "{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: ["
                        + String.join(", ", Arrays.asList(rules)) + "]}");
        return new PolicyCompiler(Policies.of(List.of(), List.of(policy)), Endpoints.NONE).compile(AGENT);
    }
}
