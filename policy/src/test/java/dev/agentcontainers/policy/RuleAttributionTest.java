package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which rules a ruleset says allow what. */
class RuleAttributionTest {
    private static CompiledPolicy compiled(String rules) {
        return PolicyCompiler.compile(subject(rules), List.of());
    }

    @Test
    void eachRuleHasWhatItSaysItselfAlsoWhereOthersSayTheSame() {
        CompiledPolicy policy = compiled("[{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]},"
                + " {name: b, to: [{ipBlock: {cidr: 10.1.0.0/16}}, {domain: a.example.org}], ports: [{port: 80}]}]");

        assertThat(policy.rules())
                .containsExactly(
                        new AllowingRule(
                                "inline/a spec.network.egress[a]",
                                null,
                                List.of(new Allow("10.0.0.0/8", Protocol.TCP, 80, 80)),
                                null),
                        new AllowingRule(
                                "inline/b spec.network.egress[b]",
                                null,
                                List.of(new Allow("10.1.0.0/16", Protocol.TCP, 80, 80)),
                                List.of(new AllowedName("a.example.org", Protocol.TCP, 80, 80))));
        assertThat(policy.asGroup("g").rules()).isEqualTo(policy.rules());
    }

    @Test
    void whatTakesNothingFromOthersComesAfterThem() {
        CompiledPolicy policy =
                compiled("[{name: a, budget: {bytes: 1Mi}, to: [{domain: a.example.org}], ports: [{port: 443}]},"
                        + " {name: b, tls: {}, http: [{methods: [GET], paths: [/]}], to: [{domain: a.example.org}], ports:"
                        + " [{port: 443}]}, {name: c, tls: {}, to: [{domain: a.example.org}], ports: [{port: 443}]},"
                        + " {name: d, to: [{domain: a.example.org}], ports: [{port: 443}]}]");

        assertThat(policy.rules())
                .extracting(AllowingRule::rule)
                .containsExactly(
                        "inline/d spec.network.egress[d]",
                        "inline/a spec.network.egress[a]",
                        "inline/c spec.network.egress[c]",
                        "inline/b spec.network.egress[b]");
    }

    @Test
    void whatIsRecordedIsSaidAndChangesNothingElse() {
        String rules = "[{name: a, %sto: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]";
        CompiledPolicy denials = compiled(rules.formatted("audit: Denied, "));
        CompiledPolicy all = compiled(rules.formatted("audit: All, "));

        assertThat(denials.rules()).extracting(AllowingRule::unrecorded).containsExactly(true);
        assertThat(all.rules()).extracting(AllowingRule::unrecorded).containsOnlyNulls();
        assertThat(denials.hash()).isEqualTo(all.hash());
        assertThat(PolicyGroup.nameOf(subject(rules.formatted("audit: All, "))))
                .isEqualTo(PolicyGroup.nameOf(subject(rules.formatted(""))))
                .isNotEqualTo(PolicyGroup.nameOf(subject(rules.formatted("audit: Denied, "))));
    }

    @Test
    void aRuleOfTooManyDestinationsIsNoneThatIsToldApartAndAllowsAllTheSame() {
        StringBuilder except = new StringBuilder();
        for (int i = 0; i < 32; i++) {
            except.append(i == 0 ? "" : ", ").append("10.").append(i * 8).append(".77.3/32");
        }
        StringBuilder ports = new StringBuilder();
        for (int port = 1; port <= 9; port += 2) {
            ports.append(port == 1 ? "" : ", ").append("{port: ").append(port).append("}");
        }
        CompiledPolicy policy =
                compiled("[{name: wide, to: [{ipBlock: {cidr: 10.0.0.0/8, except: [%s]}}], ports: [%s]},"
                                .formatted(except, ports)
                        + " {name: z, to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]");

        assertThat(policy.egress()).hasSizeGreaterThan(RuleAttribution.MOST_BOXES);
        assertThat(policy.rules()).extracting(AllowingRule::rule).containsExactly("inline/z spec.network.egress[z]");
    }

    /** Else what such a rule allows could be hidden by one with audit: Denied that allows it too. */
    @Test
    void recordedRulesHaveRoomFirstWhateverTheirOrder() {
        String counted = "{name: a, audit: Denied, to: [%s], ports: [{port: 443}]}".formatted(domains("a", 10, 1500));
        CompiledPolicy alone = compiled("[" + counted + "]");
        CompiledPolicy policy =
                compiled("[%s, {name: b, to: [%s], ports: [{port: 443}]}]".formatted(counted, domains("b", 10, 1500)));

        assertThat(alone.rules())
                .as("there is room for one")
                .extracting(AllowingRule::rule, AllowingRule::unrecorded)
                .containsExactly(tuple("inline/a spec.network.egress[a]", true));
        assertThat(policy.rules())
                .as("but not for both")
                .extracting(AllowingRule::rule, AllowingRule::unrecorded)
                .containsExactly(tuple("inline/b spec.network.egress[b]", null));
    }

    @Test
    void whatHasNoRoomLeavesItToLaterRulesAndAllowsAllTheSame() {
        CompiledPolicy policy =
                compiled("[{name: a, audit: Denied, to: [%s], ports: [{port: 443}]},".formatted(domains("a", 255, 990))
                        + " {name: b, to: [{domain: b.example.org}], ports: [{port: 443}]},"
                        + " {name: c, audit: Denied, to: [{domain: b.example.org}], ports: [{port: 443}]}]");

        assertThat(policy.rules())
                .extracting(AllowingRule::rule, AllowingRule::unrecorded)
                .containsExactly(
                        tuple("inline/b spec.network.egress[b]", null), tuple("inline/c spec.network.egress[c]", true));
        assertThat(policy.names()).hasSize(991);
    }

    @Test
    void whereARecordedRuleHasNoRoomAllIsRecorded() {
        CompiledPolicy policy =
                compiled("[{name: a, audit: Denied, to: [{domain: b.example.org}], ports: [{port: 443}]},"
                        + " {name: b, to: [{domain: b.example.org}, %s], ports: [{port: 443}]}]"
                                .formatted(domains("a", 255, 990)));

        assertThat(policy.rules())
                .extracting(AllowingRule::rule, AllowingRule::unrecorded)
                .containsExactly(tuple("inline/a spec.network.egress[a]", null));
    }

    /** With the longest names that there are. */
    @Test
    void whatIsSaidIsBoundedInAll() {
        CompiledPolicy policy = compiled(IntStream.range(0, 20)
                .mapToObj(index ->
                        "{name: r%d, to: [%s], ports: [{port: 443}]}".formatted(index, domains("n" + index, 253, 100)))
                .collect(Collectors.joining(",", "[", "]")));

        assertThat(policy.names()).hasSize(2000);
        assertThat(policy.rules()).isNotEmpty().hasSizeLessThan(20);
        assertThat(policy.rules().stream()
                        .mapToLong(rule -> Names.size(Objects.requireNonNull(rule.names())))
                        .sum())
                .isLessThan(RuleAttribution.MOST_CHARACTERS);
    }

    private static String domains(String first, int length, int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> "{domain: %s}".formatted(domain(first + "x" + index, length)))
                .collect(Collectors.joining(", "));
    }

    private static String domain(String first, int length) {
        StringBuilder domain = new StringBuilder(first);
        while (domain.length() + 60 < length) {
            domain.append('.').append("d".repeat(50));
        }
        return domain.append(".example").toString();
    }
}
