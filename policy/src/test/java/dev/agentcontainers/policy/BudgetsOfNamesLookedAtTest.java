package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Budgeted;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.http.RequestRule;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rules with tls or http that let only so much pass. */
class BudgetsOfNamesLookedAtTest {
    private static final List<String> NAMES = List.of("a.example.org", "b.example.org", "x.a.example.org");

    @Test
    void whatTheyAllowStandsApart() {
        CompiledPolicy compiled = compiled("[{name: t, tls: {}, budget: {bytes: 100Mi}, to: [{domain: a.example.org}],"
                + " ports: [{port: 443}]},"
                + " {name: h, http: [{methods: [POST], paths: [/v1]}], budget: {rate: 1Mi}, to: [{domain: a.example.org}],"
                + " ports: [{port: 80}]},"
                + " {name: s, tls: {}, http: [{methods: [POST], paths: [/v1]}], budget: {bytes: 1Mi},"
                + " to: [{domain: b.example.org}], ports: [{port: 443}]}]");

        assertThat(compiled.tlsNames()).isEmpty();
        assertThat(compiled.httpNames()).isEmpty();
        assertThat(compiled.httpsNames()).isEmpty();
        assertThat(compiled.allNames()).isEmpty();
        assertThat(compiled.budgeted())
                .containsExactly(
                        new Budgeted(
                                List.of(0),
                                List.of(),
                                List.of(),
                                null,
                                List.of(new AllowedHttp(
                                        "a.example.org", 80, 80, List.of("POST"), List.of("/v1"), null)),
                                null),
                        new Budgeted(
                                List.of(1),
                                List.of(),
                                List.of(),
                                null,
                                null,
                                List.of(new AllowedHttp(
                                        "b.example.org", 443, 443, List.of("POST"), List.of("/v1"), null))),
                        new Budgeted(
                                List.of(2),
                                List.of(),
                                List.of(),
                                List.of(new AllowedName("a.example.org", Protocol.TCP, 443, 443)),
                                null,
                                null));
        assertThat(RulesetHash.of(
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        compiled.budgets(),
                        compiled.budgeted().stream()
                                .map(each -> new Budgeted(each.budgets(), each.egress(), each.names()))
                                .toList()))
                .as("a node that does not know the lists")
                .isNotEqualTo(compiled.hash());
    }

    @Test
    void whatARuleWithoutABudgetAllowsIsNotThere() {
        assertThat(compiled(
                                "[{name: t, tls: {}, budget: {bytes: 1Mi}, to: [{domain: a.example.org}], ports: [{port: 443}]},"
                                        + " {name: s, tls: {}, http: [{methods: [GET], paths: [/]}], budget: {bytes: 1Mi},"
                                        + " to: [{domain: a.example.org}], ports: [{port: 443}]},"
                                        + " {name: z, tls: {}, to: [{domain: a.example.org}], ports: [{port: 443}]}]")
                        .budgeted())
                .isEmpty();
    }

    @Test
    void explainedIsWhichBudgetIsCharged() {
        String rules =
                "[{name: t, tls: {}, budget: {bytes: 100Mi}, to: [{domain: a.example.org}], ports: [{port: 443}]},"
                        + " {name: s, tls: {}, http: [{methods: [POST], paths: [/v1]}], budget: {bytes: 1Mi},"
                        + " to: [{domain: a.example.org}], ports: [{port: 443}]}]";
        assertThat(decision(rules, "a.example.org", 443, null).condition())
                .isEqualTo(" only as TLS for a.example.org within its budget of 100Mi,"
                        + " or as HTTPS: POST /v1 within a budget of 1Mi");
        assertThat(decision(rules, "a.example.org", 443, new HttpRequest("POST", "a.example.org", "/v1", true))
                        .condition())
                .isEqualTo(" within its budget of 100Mi");
    }

    @Test
    void simulatedIsWhatABudgetLimits() {
        String free = "[{name: t, tls: {}, to: [{domain: a.example.org}], ports: [{port: 443}]},"
                + " {name: h, http: [{methods: [GET], paths: [/]}], to: [{domain: a.example.org}], ports: [{port: 80}]}]";
        RulesetDifference difference =
                RulesetDifference.between(compiled(free), compiled(free.replace("to: ", "budget: {bytes: 1Mi}, to: ")));
        assertThat(difference.opened()).isEqualTo(RulesetDifference.Passing.NONE);
        assertThat(difference.closed()).isEqualTo(RulesetDifference.Passing.NONE);
        assertThat(difference.limited().tlsNames()).hasSize(1);
        assertThat(difference.limited().requests()).hasSize(1);
        assertThat(difference.freed()).isEqualTo(RulesetDifference.Passing.NONE);
    }

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    /** What who reads connections makes of the compiled lists is what the evaluator says of the rules. */
    @ParameterizedTest
    @MethodSource("seeds")
    void theyAreCompiledAsTheyAreEvaluated(long seed) {
        Random random = new Random(seed);
        String rules = rules(random);
        CompiledPolicy compiled = compiled(rules);
        for (String name : NAMES) {
            for (int port : List.of(80, 443)) {
                for (String method : List.of("GET", "POST")) {
                    for (boolean tls : List.of(true, false)) {
                        HttpRequest request = new HttpRequest(method, name, "/v1", tls);
                        Decision decision = egress(rules, name, port, request);
                        assertThat(decision instanceof Allowed allowed ? charged(allowed) : List.of("denied"))
                                .as("%s at %d of %s", request, port, rules)
                                .isEqualTo(Judged.charged(compiled, name, port, request));
                    }
                }
            }
        }
    }

    private static String rules(Random random) {
        List<String> rules = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(5); i++) {
            String looks = random.nextInt(5) == 0 ? "" : random.nextBoolean() ? "tls: {}, " : "";
            if (random.nextBoolean()) {
                looks += "http: [{methods: [" + (random.nextBoolean() ? "GET" : "GET, POST") + "], paths: [/v1]}], ";
            }
            rules.add("{name: r%d, %s%sto: [{domain: %s}], ports: [{port: %d}]}"
                    .formatted(
                            i,
                            looks,
                            random.nextInt(3) > 0 ? "budget: {bytes: " + (i + 1) + "Mi}, " : "",
                            List.of("a.example.org", "'*.example.org'", "'*.a.example.org'")
                                    .get(random.nextInt(3)),
                            random.nextBoolean() ? 80 : 443));
        }
        return "[" + String.join(", ", rules) + "]";
    }

    /** As the number of the amount, which is the rule's here. */
    private static List<String> charged(Allowed allowed) {
        return allowed.budgets().stream()
                .map(budget -> budget.substring(0, budget.indexOf("Mi")))
                .toList();
    }

    /** What a node makes of a ruleset. */
    private static final class Judged {
        static List<String> charged(CompiledPolicy compiled, String name, int port, HttpRequest request) {
            if (has(compiled.names(), name, port)) {
                return List.of();
            }
            List<String> plain = budgets(
                    compiled,
                    compiled.budgeted().stream()
                            .filter(each -> has(each.names(), name, port))
                            .toList());
            if (!plain.isEmpty()) {
                return plain;
            }
            if (request.tls()) {
                if (has(compiled.tlsNames(), name, port)) {
                    return List.of();
                }
                List<String> unread = budgets(
                        compiled,
                        compiled.budgeted().stream()
                                .filter(each -> has(each.tlsNames(), name, port))
                                .toList());
                if (!unread.isEmpty()) {
                    return unread;
                }
            }
            if (allows(request.tls() ? compiled.httpsNames() : compiled.httpNames(), name, port, request)) {
                return List.of();
            }
            List<String> read = budgets(
                    compiled,
                    compiled.budgeted().stream()
                            .filter(each ->
                                    allows(request.tls() ? each.httpsNames() : each.httpNames(), name, port, request))
                            .toList());
            return read.isEmpty() ? List.of("denied") : read;
        }

        private static List<String> budgets(CompiledPolicy compiled, List<Budgeted> entries) {
            Set<Integer> places = new TreeSet<>();
            entries.forEach(each -> places.addAll(each.budgets()));
            return places.stream()
                    .limit(4)
                    .map(place -> Long.toString(compiled.budgets().get(place).bytes() >> 20))
                    .toList();
        }

        private static boolean has(@Nullable List<AllowedName> names, String name, int port) {
            return names != null
                    && names.stream()
                            .anyMatch(each -> each.port() <= port
                                    && port <= each.endPort()
                                    && DomainName.parse(each.domain()).matches(name));
        }

        private static boolean allows(@Nullable List<AllowedHttp> names, String name, int port, HttpRequest request) {
            return names != null
                    && names.stream()
                            .anyMatch(each -> each.port() <= port
                                    && port <= each.endPort()
                                    && DomainName.parse(each.domain()).matches(name)
                                    && RequestRule.of(each.methods(), each.paths(), each.hosts(), each.webSocket())
                                            .allows(request, name));
        }
    }

    private static CompiledPolicy compiled(String rules) {
        return PolicyCompiler.compile(subject(rules), List.of());
    }

    private static Allowed decision(String rules, String name, int port, @Nullable HttpRequest request) {
        return (Allowed) egress(rules, name, port, request);
    }

    private static Decision egress(String rules, String name, int port, @Nullable HttpRequest request) {
        PolicySubject subject = subject(rules);
        Flow flow = new Flow(
                Party.of(TestPolicies.agent(subject)),
                new Party(null, Cidr.parse("20.0.0.1"), name),
                Protocol.TCP,
                port,
                request);
        return Evaluator.evaluate(Policies.of(List.of()), Endpoints.NONE, flow).egress();
    }
}
