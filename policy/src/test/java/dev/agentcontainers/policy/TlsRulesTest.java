package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egressPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.RuleSource;
import dev.agentcontainers.policy.rule.Tier;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that let only TLS pass, for the very name that was resolved. */
class TlsRulesTest {
    private static final String SITE =
            "{name: site, tls: {}, to: [{domain: www.example.org}, {domain: '*.example.net'}], ports: [{port: 443}]}";
    private static final PolicySubject AGENT = subject("[" + SITE + "]");

    @Test
    void theirNamesStandApart() {
        CompiledPolicy compiled = PolicyCompiler.compile(AGENT, List.of());

        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.tlsNames())
                .containsExactly(name("*.example.net", 443, 443), name("www.example.org", 443, 443));
        assertThat(compiled.problems()).isEmpty();
        assertThat(compiled.hash())
                .isEqualTo(RulesetHash.of(List.of(), List.of(), List.of(), compiled.tlsNames()))
                .isNotEqualTo(RulesetHash.of(List.of(), List.of(), compiled.tlsNames()));
        assertThat(compiled.asGroup("g").names())
                .as("a node of another version")
                .isNull();
        assertThat(compiled.asGroup("g").tlsNames()).isEqualTo(compiled.tlsNames());
    }

    @Test
    void egressPoliciesHaveThemToo() {
        var policy = egressPolicy("sites", "{agentSelector: {}, egress: [" + SITE + "]}");

        assertThat(PolicyCompiler.compile(subject(), List.of(), List.of(policy)).tlsNames())
                .hasSize(2);
    }

    /** Rules only add to each other. */
    @Test
    void aRuleWithoutTlsWinsAtItsPorts() {
        var both = subject("[{name: tls, tls: {}, to: [{domain: www.example.org}], ports: [{port: 442, endPort: 444}]},"
                + " {name: plain, to: [{domain: www.example.org}], ports: [{port: 443}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(both, List.of());
        assertThat(compiled.names()).containsExactly(name("www.example.org", 443, 443));
        assertThat(compiled.tlsNames())
                .containsExactly(name("www.example.org", 442, 442), name("www.example.org", 444, 444));
        assertThat(egress(both, "www.example.org", 443))
                .isEqualTo(
                        new Allowed(Tier.NETWORK_POLICY, new RuleSource("inline/plain", "spec.network.egress[plain]")));
        assertThat(egress(both, "www.example.org", 444))
                .isEqualTo(new Allowed(
                        Tier.NETWORK_POLICY,
                        new RuleSource("inline/tls", "spec.network.egress[tls]"),
                        Optional.of("www.example.org")));
    }

    @Test
    void theHashKnowsThem() {
        List<AllowedName> names = List.of(name("www.example.org", 443, 443));
        assertThat(List.of(
                        RulesetHash.of(List.of()),
                        RulesetHash.of(List.of(), List.of(), names),
                        RulesetHash.of(List.of(), List.of(), List.of(), names),
                        RulesetHash.of(List.of(), List.of(), names, names)))
                .doesNotHaveDuplicates();
        assertThat(RulesetHash.of(List.of(), List.of(), names, List.of()))
                .isEqualTo(RulesetHash.of(List.of(), List.of(), names));
    }

    @Test
    void groupsDifferByThem() {
        assertThat(PolicyGroup.nameOf(AGENT))
                .isNotEqualTo(PolicyGroup.nameOf(subject("[" + SITE.replace("tls: {}, ", "") + "]")));
    }

    @Test
    void theVerdictSaysAsWhat() {
        assertThat(egress(AGENT, "api.example.net", 443)).isInstanceOfSatisfying(Allowed.class, allowed -> {
            assertThat(allowed.onlyTlsFor()).contains("api.example.net");
            assertThat(allowed.condition()).isEqualTo(" only as TLS for api.example.net");
        });
        assertThat(egress(AGENT, "www.example.org", 80)).isInstanceOf(Denied.class);
    }

    /** Admission refuses them; where it didn't they allow nothing, and not more than TLS. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{name: a, tls: {}, to: [{ipBlock: {cidr: 20.0.0.0/8}}], ports: [{port: 443}]}",
                "{name: a, tls: {}, to: [{podSelector: {}}], ports: [{port: 443}]}",
                "{name: a, tls: {}, to: [{domain: www.example.org}], ports: [{protocol: UDP, port: 443}]}",
                "{name: a, tls: {}, to: [{domain: www.example.org}]}",
            })
    void whatCantBeTlsAllowsNothing(String rule) {
        CompiledPolicy compiled = PolicyCompiler.compile(subject("[" + rule + "]"), List.of());

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.tlsNames()).isEmpty();
        assertThat(compiled.problems()).isNotEmpty().first().asString().contains("spec.network.egress[a]");
        assertThat(Evaluator.evaluate(
                                Policies.of(List.of()),
                                Endpoints.NONE,
                                new Flow(
                                        Party.of(TestPolicies.agent(subject("[" + rule + "]"))),
                                        Party.at("20.1.1.1"),
                                        Protocol.TCP,
                                        443))
                        .egress())
                .isInstanceOf(Denied.class);
    }

    private static AllowedName name(String domain, int port, int endPort) {
        return new AllowedName(domain, Protocol.TCP, port, endPort);
    }

    private static Decision egress(PolicySubject subject, String name, int port) {
        return TestPolicies.egress(
                List.of(), subject, new Flow(Party.named(name), Party.named(name), Protocol.TCP, port));
    }
}
