package dev.agentcontainers.policy;

import static dev.agentcontainers.policy.TestPolicies.egressPolicy;
import static dev.agentcontainers.policy.TestPolicies.subject;
import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.Decision.Allowed;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that let only some requests of HTTP pass. */
class HttpRulesTest {
    private static final String SITE =
            "{name: site, to: [{domain: www.example.org}, {domain: '*.example.net'}], ports: [{port: 80}],"
                    + " http: [{methods: [GET, HEAD], paths: [/v1/items, /v1/items/*]}, {methods: [POST], paths: [/v1/items], hosts: [api.example.net]}]}";
    private static final PolicySubject AGENT = subject("[" + SITE + "]");

    @Test
    void theirNamesStandApart() {
        CompiledPolicy compiled = PolicyCompiler.compile(AGENT, List.of());

        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.tlsNames()).isEmpty();
        assertThat(compiled.problems()).isEmpty();
        assertThat(compiled.httpNames())
                .containsExactly(
                        http(
                                "*.example.net",
                                80,
                                80,
                                List.of("GET", "HEAD"),
                                List.of("/v1/items", "/v1/items/*"),
                                null),
                        http(
                                "*.example.net",
                                80,
                                80,
                                List.of("POST"),
                                List.of("/v1/items"),
                                List.of("api.example.net")),
                        http(
                                "www.example.org",
                                80,
                                80,
                                List.of("GET", "HEAD"),
                                List.of("/v1/items", "/v1/items/*"),
                                null),
                        http(
                                "www.example.org",
                                80,
                                80,
                                List.of("POST"),
                                List.of("/v1/items"),
                                List.of("api.example.net")));
        assertThat(compiled.hash())
                .isEqualTo(RulesetHash.of(List.of(), List.of(), List.of(), List.of(), compiled.httpNames()));
        assertThat(compiled.asGroup("g").names())
                .as("a node of another version")
                .isNull();
        assertThat(compiled.asGroup("g").httpNames()).isEqualTo(compiled.httpNames());
    }

    @Test
    void egressPoliciesHaveThemToo() {
        var policy = egressPolicy("sites", "{agentSelector: {}, egress: [" + SITE + "]}");

        assertThat(PolicyCompiler.compile(subject(), List.of(), List.of(policy)).httpNames())
                .hasSize(4);
    }

    /** Rules only add to each other. */
    @Test
    void aRuleThatLooksAtNothingWinsAtItsPorts() {
        var both = subject(
                "[{name: http, to: [{domain: www.example.org}], ports: [{port: 80, endPort: 82}], http: [{methods: [GET], paths: [/]}]},"
                        + " {name: plain, to: [{domain: www.example.org}], ports: [{port: 81}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(both, List.of());
        assertThat(compiled.names()).containsExactly(new AllowedName("www.example.org", Protocol.TCP, 81, 81));
        assertThat(compiled.httpNames())
                .containsExactly(
                        http("www.example.org", 80, 80, List.of("GET"), List.of("/"), null),
                        http("www.example.org", 82, 82, List.of("GET"), List.of("/"), null));
        assertThat(egress(both, "www.example.org", 81, request("POST", "www.example.org", "/x")))
                .isInstanceOf(Allowed.class);
        assertThat(egress(both, "www.example.org", 82, request("POST", "www.example.org", "/x")))
                .isInstanceOf(Denied.class);
    }

    @Test
    void aRuleWithTlsForTheSamePortStandsBeside() {
        var both = subject(
                "[{name: http, to: [{domain: www.example.org}], ports: [{port: 8080}], http: [{methods: [GET], paths: [/]}]},"
                        + " {name: tls, tls: {}, to: [{domain: www.example.org}], ports: [{port: 8080}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(both, List.of());
        assertThat(compiled.tlsNames()).hasSize(1);
        assertThat(compiled.httpNames()).hasSize(1);
        assertThat(egress(both, "www.example.org", 8080, null))
                .isInstanceOfSatisfying(
                        Allowed.class,
                        allowed -> assertThat(allowed.condition())
                                .isEqualTo(" only as TLS for www.example.org, or as HTTP: GET /"));
        assertThat(egress(both, "www.example.org", 8080, request("POST", "www.example.org", "/")))
                .isInstanceOf(Denied.class);
    }

    @Test
    void withTlsTheyAreAboutWhatIsInsideIt() {
        var inside = subject(
                "[{name: https, tls: {}, to: [{domain: www.example.org}], ports: [{port: 443}], http: [{methods: [GET], paths: [/v1/*]}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(inside, List.of());
        assertThat(compiled.problems()).isEmpty();
        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.tlsNames()).isEmpty();
        assertThat(compiled.httpNames()).isEmpty();
        assertThat(compiled.httpsNames())
                .containsExactly(http("www.example.org", 443, 443, List.of("GET"), List.of("/v1/*"), null));
        assertThat(compiled.asGroup("g").httpsNames()).isEqualTo(compiled.httpsNames());
        assertThat(compiled.hash())
                .isEqualTo(RulesetHash.of(List.of(), List.of(), List.of(), List.of(), List.of(), compiled.httpsNames()))
                .isNotEqualTo(hash(compiled.httpsNames()));

        HttpRequest request = new HttpRequest("GET", "www.example.org", "/v1/items", true);
        assertThat(egress(inside, "www.example.org", 443, request).isAllowed()).isTrue();
        assertThat(egress(inside, "www.example.org", 443, request("GET", "www.example.org", "/v1/items")))
                .as("without TLS")
                .isInstanceOf(Denied.class);
        assertThat(egress(inside, "www.example.org", 443, null))
                .isInstanceOfSatisfying(
                        Allowed.class,
                        allowed -> assertThat(allowed.condition()).isEqualTo(" only as HTTPS: GET /v1/*"));
        assertThat(egress(inside, "www.example.org", 443, new HttpRequest("GET", "www.example.org", "/admin", true)))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.message()).startsWith("GET /admin of www.example.org inside TLS at ");
                    assertThat(denied.considered()).singleElement().asString().contains("but only HTTPS: GET /v1/*");
                    assertThat(denied.remedy()).contains("spec.network.egress[https].http of inline/https");
                });
        assertThat(egress(AGENT, "www.example.com", 443, new HttpRequest("GET", "www.example.com", "/", true)))
                .isInstanceOfSatisfying(
                        Denied.class,
                        denied -> assertThat(denied.remedy())
                                .contains("ports: [{protocol: TCP, port: 443}], tls: {}, http: [{methods: [GET]"));
    }

    @Test
    void webSocketsPassWhereARuleSaysSo() {
        var stream = subject(
                "[{name: stream, tls: {}, to: [{domain: www.example.org}], ports: [{port: 443}],"
                        + " http: [{methods: [GET], paths: [/v1/*]}, {methods: ['*'], paths: [/v1/stream], webSocket: true}, {methods: [GET], paths: [/v1/no], webSocket: false}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(stream, List.of());
        assertThat(compiled.httpsNames())
                .containsExactly(
                        new AllowedHttp("www.example.org", 443, 443, List.of("*"), List.of("/v1/stream"), null, true),
                        http("www.example.org", 443, 443, List.of("GET"), List.of("/v1/*"), null),
                        http("www.example.org", 443, 443, List.of("GET"), List.of("/v1/no"), null));
        assertThat(egress(stream, "www.example.org", 443, webSocket("/v1/stream"))
                        .isAllowed())
                .isTrue();
        assertThat(egress(stream, "www.example.org", 443, webSocket("/v1/no")).isAllowed())
                .isFalse();
        assertThat(egress(stream, "www.example.org", 443, webSocket("/v1/other")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.message())
                            .startsWith("GET /v1/other of www.example.org inside TLS for a WebSocket at");
                    assertThat(denied.considered())
                            .singleElement()
                            .asString()
                            .contains("HTTPS: GET /v1/*; * /v1/stream also for WebSockets");
                    assertThat(denied.remedy())
                            .isEqualTo(
                                    "To allow it add to spec.network.egress[stream].http of inline/stream: {methods: [GET], paths: ['/v1/other'], webSocket: true}");
                });
        assertThat(egress(stream, "www.example.org", 443, null))
                .isInstanceOfSatisfying(
                        Allowed.class,
                        allowed -> assertThat(allowed.condition()).contains("* /v1/stream also for WebSockets"));
    }

    private static HttpRequest webSocket(String path) {
        return new HttpRequest("GET", "www.example.org", path, true, true);
    }

    /** What it lets pass is not read; that is what its author has asked for. */
    @Test
    void aRuleWithTlsAloneWinsOverOneThatDecrypts() {
        var both = subject(
                "[{name: https, tls: {}, to: [{domain: www.example.org}], ports: [{port: 443, endPort: 444}], http: [{methods: [GET], paths: [/]}]},"
                        + " {name: tls, tls: {}, to: [{domain: www.example.org}], ports: [{port: 443}]}]");

        CompiledPolicy compiled = PolicyCompiler.compile(both, List.of());
        assertThat(compiled.tlsNames()).containsExactly(new AllowedName("www.example.org", Protocol.TCP, 443, 443));
        assertThat(compiled.httpsNames())
                .containsExactly(http("www.example.org", 444, 444, List.of("GET"), List.of("/"), null));
        HttpRequest denied = new HttpRequest("POST", "www.example.org", "/x", true);
        assertThat(egress(both, "www.example.org", 443, denied).isAllowed()).isTrue();
        assertThat(egress(both, "www.example.org", 444, denied).isAllowed()).isFalse();
        assertThat(egress(both, "www.example.org", 443, null))
                .isInstanceOfSatisfying(
                        Allowed.class,
                        allowed -> assertThat(allowed.condition()).isEqualTo(" only as TLS for www.example.org"));
    }

    @Test
    void theHashKnowsEverythingOfThem() {
        List<AllowedHttp> all = List.of(
                http("a.example.org", 80, 80, List.of("GET"), List.of("/a"), null),
                http("b.example.org", 80, 80, List.of("GET"), List.of("/a"), null),
                http("a.example.org", 81, 81, List.of("GET"), List.of("/a"), null),
                http("a.example.org", 80, 81, List.of("GET"), List.of("/a"), null),
                http("a.example.org", 80, 80, List.of("POST"), List.of("/a"), null),
                http("a.example.org", 80, 80, List.of("GET"), List.of("/b"), null),
                http("a.example.org", 80, 80, List.of("GET"), List.of("/a"), List.of("c.example.org")),
                new AllowedHttp("a.example.org", 80, 80, List.of("GET"), List.of("/a"), null, true));
        List<String> hashes = new ArrayList<>();
        all.forEach(each -> hashes.add(hash(List.of(each))));
        hashes.add(RulesetHash.of(List.of()));
        hashes.add(
                RulesetHash.of(List.of(), List.of(), List.of(new AllowedName("a.example.org", Protocol.TCP, 80, 80))));

        assertThat(hashes).doesNotHaveDuplicates();
        assertThat(hash(List.of(all.get(2), all.get(0)))).as("order and ports").isEqualTo(hash(List.of(all.get(3))));
        assertThat(hash(List.of(http("a.example.org", 80, 80, List.of("GET", "GET"), List.of("/a"), List.of()))))
                .as("said twice")
                .isEqualTo(hash(List.of(all.getFirst())));
        assertThat(hash(List.of(new AllowedHttp("a.example.org", 80, 80, List.of("GET"), List.of("/a"), null, false))))
                .as("said to be without WebSockets")
                .isEqualTo(hash(List.of(all.getFirst())));
        assertThat(hash(List.of())).as("without any").isEqualTo(RulesetHash.of(List.of()));
        assertThat(hash(List.of(all.getFirst()))).isEqualTo("0272513a56722effea73a0dd27f299a238dd014c");
    }

    @Test
    void groupsDifferByThem() {
        assertThat(List.of(
                        PolicyGroup.nameOf(AGENT),
                        PolicyGroup.nameOf(subject("[" + SITE.replace("HEAD", "PUT") + "]")),
                        PolicyGroup.nameOf(subject("[" + SITE.replace("items/*", "*") + "]")),
                        PolicyGroup.nameOf(subject("[" + SITE.replace("api.example", "www.example") + "]")),
                        PolicyGroup.nameOf(
                                subject("[" + SITE.replace("/v1/items/*]", "/v1/items/*], webSocket: true") + "]")),
                        PolicyGroup.nameOf(subject("[" + SITE.replaceAll(", http: .*", "}") + "]"))))
                .doesNotHaveDuplicates();
        assertThat(PolicyGroup.nameOf(subject("[" + SITE.replace("GET, HEAD", "HEAD, GET") + "]")))
                .isEqualTo(PolicyGroup.nameOf(AGENT))
                .isEqualTo(PolicyGroup.nameOf(
                        subject("[" + SITE.replace("/v1/items/*]", "/v1/items/*], webSocket: false") + "]")));
    }

    @ParameterizedTest
    @CsvSource({
        "GET, www.example.org, www.example.org, /v1/items, true",
        "GET, www.example.org, www.example.org, /v1/items/7, true",
        "HEAD, any.example.net, any.example.net, /v1/items, true",
        "POST, www.example.org, api.example.net, /v1/items, true",
        "POST, www.example.org, www.example.org, /v1/items, false",
        "DELETE, www.example.org, www.example.org, /v1/items, false",
        "GET, www.example.org, www.example.org, /admin, false",
        "GET, www.example.org, any.example.net, /v1/items, false",
    })
    void requestsAreJudged(String method, String name, String host, String path, boolean passes) {
        assertThat(egress(AGENT, name, 80, request(method, host, path)).isAllowed())
                .isEqualTo(passes);
    }

    @Test
    void theVerdictSaysWhichRequests() {
        assertThat(egress(AGENT, "www.example.org", 80, null))
                .isInstanceOfSatisfying(
                        Allowed.class,
                        allowed -> assertThat(allowed.condition())
                                .isEqualTo(
                                        " only as HTTP: GET,HEAD /v1/items,/v1/items/*; POST /v1/items of api.example.net"));
    }

    @Test
    void theDenialSaysWhatIsMissingAndWhere() {
        assertThat(egress(AGENT, "www.example.org", 80, request("DELETE", "www.example.org", "/v1/items")))
                .isInstanceOfSatisfying(Denied.class, denied -> {
                    assertThat(denied.message())
                            .startsWith("DELETE /v1/items of www.example.org at www.example.org:80/TCP is denied");
                    assertThat(denied.considered())
                            .singleElement()
                            .asString()
                            .contains(
                                    "inline/site spec.network.egress[site] allows the address and the port, but only HTTP: GET,HEAD");
                    assertThat(denied.remedy())
                            .isEqualTo(
                                    "To allow it add to spec.network.egress[site].http of inline/site: {methods: [DELETE], paths: ['/v1/items']}");
                });
        assertThat(egress(AGENT, "www.example.com", 80, request("GET", "www.example.com", "/")))
                .isInstanceOfSatisfying(
                        Denied.class,
                        denied -> assertThat(denied.remedy())
                                .contains(
                                        "{name: NAME, to: [{domain: www.example.com}], ports: [{protocol: TCP, port: 80}],"
                                                + " http: [{methods: [GET], paths: ['/']}]}"));
    }

    /** Admission refuses them; where it didn't they allow nothing, and not any request. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{name: a, http: [{methods: [GET], paths: [/]}], to: [{ipBlock: {cidr: 20.0.0.0/8}}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [GET], paths: [/]}], to: [{podSelector: {}}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [GET], paths: [/]}], to: [{domain: www.example.org}], ports: [{protocol: UDP, port: 80}]}",
                "{name: a, http: [{methods: [GET], paths: [/]}], to: [{domain: www.example.org}]}",
                "{name: a, http: [], to: [{domain: www.example.org}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [GET]}], to: [{domain: www.example.org}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [CONNECT], paths: [/]}], to: [{domain: www.example.org}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [POST], paths: [/], webSocket: true}], to: [{domain: www.example.org}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [GET], paths: [/a/../b]}], to: [{domain: www.example.org}], ports: [{port: 80}]}",
                "{name: a, http: [{methods: [GET], paths: [/], hosts: [10.0.0.1]}], to: [{domain: www.example.org}], ports: [{port: 80}]}",
            })
    void whatCantBeHttpAllowsNothing(String rule) {
        PolicySubject subject = subject("[" + rule + "]");
        CompiledPolicy compiled = PolicyCompiler.compile(subject, List.of());

        assertThat(compiled.egress()).isEmpty();
        assertThat(compiled.names()).isEmpty();
        assertThat(compiled.tlsNames()).isEmpty();
        assertThat(compiled.httpNames()).isEmpty();
        assertThat(compiled.problems()).isNotEmpty().first().asString().contains("spec.network.egress[a]");
    }

    @Test
    void thereIsAnEndToThem() {
        StringBuilder rules = new StringBuilder("[");
        for (int rule = 0; rule < 64; rule++) {
            rules.append(rule == 0 ? "" : ", ")
                    .append(
                            "{name: r%d, to: [{domain: r%d.example.org}], ports: [{port: 80}], http: [{methods: [GET], paths: ["
                                    .formatted(rule, rule));
            for (int path = 0; path < 16; path++) {
                rules.append(path == 0 ? "" : ", ").append("/").append(path).append("a".repeat(180));
            }
            rules.append("]}]}");
        }
        CompiledPolicy compiled =
                PolicyCompiler.compile(subject(rules.append("]").toString()), List.of());

        assertThat(compiled.httpNames()).isEmpty();
        assertThat(compiled.problems()).singleElement().asString().contains("longer than 131072 characters");
    }

    private static String hash(List<AllowedHttp> names) {
        return RulesetHash.of(List.of(), List.of(), List.of(), List.of(), names);
    }

    private static AllowedHttp http(
            String domain,
            int port,
            int endPort,
            List<String> methods,
            List<String> paths,
            @Nullable List<String> hosts) {
        return new AllowedHttp(domain, port, endPort, methods, paths, hosts);
    }

    private static HttpRequest request(String method, String host, String path) {
        return new HttpRequest(method, host, path);
    }

    private static Decision egress(PolicySubject subject, String name, int port, @Nullable HttpRequest request) {
        Flow flow = new Flow(Party.of(TestPolicies.agent(subject)), Party.named(name), Protocol.TCP, port, request);
        return Evaluator.evaluate(Policies.of(List.of()), Endpoints.NONE, flow).egress();
    }
}
