package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egressPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budget;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.endpoint.Party;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that let only so much pass. */
class BudgetsTest {
    private static final String TEN =
            "{name: ten, budget: {bytes: 500Mi}, to: [{ipBlock: {cidr: 10.0.0.0/8}}]" + ", ports: [{port: 80}]}";
    private static final String PART = "{name: part, budget: {bytes: 1Gi, rate: 10Mi},"
            + " to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 80}]}";

    @Test
    void whatTheyAllowStandsApart() {
        CompiledPolicy compiled = PolicyCompiler.compile(subject("[" + TEN + "]"), List.of());

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.budgets())
                .containsExactly(new Budget("inline/ten spec.network.egress[ten]", 500L << 20, null));
        assertThat(compiled.budgeted())
                .containsExactly(
                        new Budgeted(List.of(0), List.of(new Allow("10.0.0.0/8", Protocol.TCP, 80, 80)), List.of()));
        assertThat(compiled.asGroup("g").egress())
                .as("a node of another version")
                .isEmpty();
        assertThat(compiled.asGroup("g").budgeted()).isEqualTo(compiled.budgeted());
    }

    @Test
    void whereTwoAllowTheSameBothAreNamedInTheirOrder() {
        CompiledPolicy compiled = PolicyCompiler.compile(subject("[" + TEN + ", " + PART + "]"), List.of());

        assertThat(compiled.budgets())
                .containsExactly(
                        new Budget("inline/part spec.network.egress[part]", 1L << 30, 10L << 20),
                        new Budget("inline/ten spec.network.egress[ten]", 500L << 20, null));
        assertThat(compiled.budgeted()).extracting(Budgeted::budgets).containsExactly(List.of(0, 1), List.of(1));
        assertThat(compiled.budgeted().getFirst().egress())
                .containsExactly(new Allow("10.1.0.0/16", Protocol.TCP, 80, 80));
        assertThat(condition("[" + TEN + ", " + PART + "]", "10.1.2.3"))
                .isEqualTo(" within its budget of 1Gi at 10Mi per second,"
                        + " then 500Mi of inline/ten spec.network.egress[ten]");
        assertThat(condition("[" + TEN + ", " + PART + "]", "10.2.2.3")).isEqualTo(" within its budget of 500Mi");
    }

    @Test
    void aRuleWithoutABudgetWins() {
        String rules = "[" + TEN + ", {name: z, to: [{ipBlock: {cidr: 10.1.0.0/16}}]}]";
        CompiledPolicy compiled = PolicyCompiler.compile(subject(rules), List.of());

        assertThat(compiled.egress()).extracting(Allow::cidr).containsOnly("10.1.0.0/16");
        assertThat(compiled.budgeted().getFirst().egress())
                .extracting(Allow::cidr)
                .doesNotContain("10.1.0.0/16", "10.0.0.0/8");
        assertThat(condition(rules, "10.1.2.3")).isEmpty();
        assertThat(condition(rules, "10.2.2.3")).isEqualTo(" within its budget of 500Mi");
    }

    @Test
    void namesBelongToTheRulesOfWildcardsAboveThemToo() {
        CompiledPolicy compiled = PolicyCompiler.compile(
                subject("[{name: all, budget: {rate: 1Mi}, to: [{domain: '*.example.org'}], ports: [{port: 443}]},"
                        + " {name: one, budget: {bytes: 1Mi}, to: [{domain: a.example.org}, {domain: b.example.net}],"
                        + " ports: [{port: 443}]},"
                        + " {name: free, to: [{domain: '*.example.net'}], ports: [{port: 443}]}]"),
                List.of());

        assertThat(compiled.names()).containsExactly(name("*.example.net"));
        assertThat(compiled.budgeted())
                .containsExactly(
                        new Budgeted(List.of(0), List.of(), List.of(name("*.example.org"))),
                        new Budgeted(List.of(0, 1), List.of(), List.of(name("a.example.org"))));
    }

    private static AllowedName name(String domain) {
        return new AllowedName(domain, Protocol.TCP, 443, 443);
    }

    @Test
    void theHashKnowsThem() {
        List<Budget> budgets = List.of(new Budget("a", 1024L, null), new Budget("b", null, 1024L));
        List<Allow> boxes = List.of(new Allow("10.0.0.0/8", Protocol.TCP, 80, 80));
        List<String> hashes = new ArrayList<>();
        hashes.add(RulesetHash.of(boxes));
        hashes.add(hash(budgets, new Budgeted(List.of(0), boxes, List.of())));
        hashes.add(hash(budgets, new Budgeted(List.of(1), boxes, List.of())));
        hashes.add(hash(budgets, new Budgeted(List.of(0, 1), boxes, List.of())));
        hashes.add(hash(budgets));
        hashes.add(hash(List.of()));
        hashes.add(hash(
                List.of(new Budget("a", 2048L, null), new Budget("b", null, 1024L)),
                new Budgeted(List.of(0), boxes, List.of())));
        assertThat(hashes).doesNotHaveDuplicates();
        assertThat(hash(List.of())).isEqualTo(RulesetHash.of(List.of()));
        assertThat(hash(
                        budgets,
                        new Budgeted(List.of(0), List.of(new Allow("10.128.0.0/9", Protocol.TCP, 80, 80)), List.of()),
                        new Budgeted(List.of(0), List.of(new Allow("10.0.0.0/9", Protocol.TCP, 80, 80)), null)))
                .as("however it is cut")
                .isEqualTo(hashes.get(1));
    }

    private static String hash(List<Budget> budgets, Budgeted... budgeted) {
        return RulesetHash.of(
                List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), budgets, List.of(budgeted));
    }

    @Test
    void groupsDifferByThemAndNotByHowTheyAreWritten() {
        String group = PolicyGroup.nameOf(subject("[" + TEN + "]"));
        assertThat(PolicyGroup.nameOf(subject("[" + TEN.replace("budget: {bytes: 500Mi}, ", "") + "]")))
                .isNotEqualTo(group);
        assertThat(PolicyGroup.nameOf(subject("[" + TEN.replace("500Mi", "501Mi") + "]")))
                .isNotEqualTo(group);
        assertThat(PolicyGroup.nameOf(subject("[" + TEN.replace("500Mi", "512000Ki") + "]")))
                .isEqualTo(group);
    }

    /** Admission refuses them; where it didn't they allow nothing, and not any amount. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{bytes: 12}",
                "{bytes: plenty}",
                "{bytes: -5Gi}",
                "{bytes: 5Pi}",
                "{bytes: 1e999999999}",
                "{rate: 100G}",
            })
    void whatCantBeReadAllowsNothing(String budget) {
        allowsNothing(TEN.replace("{bytes: 500Mi}", budget));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tls: {}", "http: [{methods: [GET], paths: [/]}]"})
    void whatCantBeReadAllowsNothingThroughTheProxyEither(String with) {
        allowsNothing(
                "{name: ten, budget: {bytes: 12}, " + with + ", to: [{domain: www.example.org}], ports: [{port: 80}]}");
    }

    private static void allowsNothing(String rule) {
        CompiledPolicy compiled = PolicyCompiler.compile(subject("[" + rule + "]"), List.of());
        assertThat(compiled.allEgress()).isEmpty();
        assertThat(compiled.allNames()).isEmpty();
        assertThat(compiled.allTlsNames()).isEmpty();
        assertThat(compiled.allHttpNames()).isEmpty();
        assertThat(compiled.problems()).first().asString().contains("spec.network.egress[ten].budget: ");
        assertThat(decision("[" + rule + "]", "10.1.2.3")).isInstanceOf(Denied.class);
    }

    @Test
    void tooManyOfThemAllowNothingAndSaySo() {
        List<String> rules = new ArrayList<>();
        for (int i = 0; i < 65; i++) {
            rules.add(TEN.replace("name: ten", "name: r" + i));
        }
        CompiledPolicy compiled = PolicyCompiler.compile(
                subject("[]"),
                List.of(),
                List.of(egressPolicy("many", "{agentSelector: {}, egress: [" + String.join(", ", rules) + "]}")));
        assertThat(compiled.budgeted()).isEmpty();
        assertThat(compiled.problems())
                .containsExactly("the policies together have more than 64 rules with budgets, so these allow nothing");
    }

    private static String condition(String rules, String address) {
        return decision(rules, address) instanceof Allowed allowed ? allowed.condition() : "denied";
    }

    private static Decision decision(String rules, String address) {
        return TestPolicies.egress(
                List.of(),
                subject(rules),
                new Flow(Party.named("whoever.example.org"), Party.at(address), Protocol.TCP, 80));
    }
}
