package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedHttp;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.rule.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RulesetDifferenceTest {
    private static Allow box(String cidr, int port, int endPort) {
        return new Allow(cidr, Protocol.TCP, port, endPort);
    }

    private static AllowedName name(String domain, int port, int endPort) {
        return new AllowedName(domain, Protocol.TCP, port, endPort);
    }

    private static CompiledPolicy ruleset(List<Allow> egress, List<AllowedName> names, List<AllowedName> tlsNames) {
        return new CompiledPolicy(
                RulesetHash.of(egress, List.of(), names, tlsNames),
                List.of(),
                List.of(),
                egress,
                List.of(),
                names,
                tlsNames,
                List.of(),
                List.of());
    }

    private static CompiledPolicy withRequests(List<AllowedName> names, AllowedHttp... requests) {
        return new CompiledPolicy(
                RulesetHash.of(List.of(), List.of(), names, List.of(), List.of(requests)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                names,
                List.of(),
                List.of(requests),
                List.of());
    }

    private static AllowedHttp requests(String domain, String... paths) {
        return new AllowedHttp(domain, 80, 80, List.of("GET"), List.of(paths), null);
    }

    @Test
    void requestsAreToldApartUnlessEverythingPasses() {
        AllowedHttp narrow = requests("api.example.org", "/v1/*");
        AllowedHttp wide = requests("api.example.org", "/*");

        RulesetDifference wider =
                RulesetDifference.between(withRequests(List.of(), narrow), withRequests(List.of(), wide));
        assertThat(wider.opened().requests()).containsExactly(wide);
        assertThat(wider.closed().requests()).containsExactly(narrow);

        RulesetDifference everything = RulesetDifference.between(
                withRequests(List.of(), narrow), withRequests(List.of(name("*.example.org", 80, 80))));
        assertThat(everything.opened().names()).containsExactly(name("*.example.org", 80, 80));
        assertThat(everything.closed().requests()).as("they still pass").isEmpty();

        assertThat(new CompiledFlows(withRequests(List.of(), narrow)).resolves("api.example.org"))
                .as("the name may be asked for")
                .isPresent();
    }

    @Test
    void someRequestsInPlaceOfEverythingAreANarrowing() {
        RulesetDifference difference = RulesetDifference.between(
                withRequests(List.of(name("api.example.org", 80, 81), name("www.example.org", 80, 80))),
                withRequests(List.of(), requests("*.example.org", "/v1/*")));

        assertThat(difference.narrowedToRequests())
                .containsExactlyInAnyOrder(name("api.example.org", 80, 80), name("www.example.org", 80, 80));
        assertThat(difference.closed().names()).containsExactly(name("api.example.org", 81, 81));
        assertThat(difference.narrowed()).isEmpty();
    }

    @Test
    void boxesAreToldApartByFlowsAndNotByForm() {
        RulesetDifference difference = RulesetDifference.between(
                ruleset(List.of(box("10.0.0.0/24", 80, 90), box("10.1.0.0/16", 443, 443)), List.of(), List.of()),
                ruleset(
                        List.of(
                                box("10.0.0.0/25", 80, 85),
                                box("10.0.0.128/25", 80, 85),
                                box("10.0.0.0/24", 86, 100),
                                box("10.1.2.0/24", 443, 443)),
                        List.of(),
                        List.of()));

        assertThat(difference.opened().egress()).containsExactly(box("10.0.0.0/24", 91, 100));
        assertThat(Boxes.canonicalOf(difference.closed().egress()))
                .isEqualTo(
                        Boxes.difference(List.of(box("10.1.0.0/16", 443, 443)), List.of(box("10.1.2.0/24", 443, 443))))
                .hasSize(8);
    }

    @Test
    void namesBelowAWildcardThatStaysAreNotClosed() {
        RulesetDifference difference = RulesetDifference.between(
                ruleset(
                        List.of(),
                        List.of(name("www.example.org", 443, 444), name("*.a.example.org", 443, 443)),
                        List.of()),
                ruleset(List.of(), List.of(name("*.example.org", 443, 443)), List.of()));

        assertThat(difference.opened().names()).containsExactly(name("*.example.org", 443, 443));
        assertThat(difference.closed().names()).containsExactly(name("www.example.org", 444, 444));
        assertThat(difference.narrowed()).isEmpty();
        assertThat(difference.widened()).isEmpty();
    }

    @Test
    void tlsStandsBetweenEverythingAndNothing() {
        RulesetDifference difference = RulesetDifference.between(
                ruleset(
                        List.of(),
                        List.of(name("narrowed.example.org", 443, 443)),
                        List.of(name("widened.example.org", 443, 443), name("closed.example.org", 443, 443))),
                ruleset(
                        List.of(),
                        List.of(name("widened.example.org", 443, 443)),
                        List.of(name("*.example.org", 8443, 8443), name("narrowed.example.org", 443, 443))));

        assertThat(difference)
                .isEqualTo(new RulesetDifference(
                        new RulesetDifference.Passing(
                                List.of(),
                                List.of(),
                                List.of(),
                                List.of(name("*.example.org", 8443, 8443)),
                                List.of(),
                                List.of()),
                        new RulesetDifference.Passing(
                                List.of(),
                                List.of(),
                                List.of(),
                                List.of(name("closed.example.org", 443, 443)),
                                List.of(),
                                List.of()),
                        List.of(name("narrowed.example.org", 443, 443)),
                        List.of(name("widened.example.org", 443, 443)),
                        List.of()));
    }

    @Test
    void whatIsDecryptedAfterwardsIsNarrowedAndNotClosed() {
        CompiledPolicy decrypted = rules("tls: {}, http: [{methods: [GET], paths: [/]}]");
        AllowedName site = name("a.example.org", 443, 443);

        RulesetDifference fromEverything = RulesetDifference.between(rules(""), decrypted);
        RulesetDifference fromTls = RulesetDifference.between(rules("tls: {}"), decrypted);

        assertThat(fromEverything.narrowedToRequests()).containsExactly(site);
        assertThat(fromEverything.closed()).isEqualTo(RulesetDifference.Passing.NONE);
        assertThat(fromTls.narrowedToRequests()).containsExactly(site);
        assertThat(fromTls.closed()).isEqualTo(RulesetDifference.Passing.NONE);
        assertThat(RulesetDifference.between(rules("tls: {}"), rules("http: [{methods: [GET], paths: [/]}]"))
                        .closed()
                        .tlsNames())
                .as("requests without TLS are none inside it")
                .containsExactly(site);
    }

    private static CompiledPolicy rules(String passing) {
        return PolicyCompiler.compile(
                TestPolicies.subject(
                        "[{name: a, to: [{domain: a.example.org}], ports: [{port: 443}], %s}]".formatted(passing)),
                List.of());
    }

    @Test
    void budgetsLimitAndFree() {
        CompiledPolicy free = PolicyCompiler.compile(
                TestPolicies.subject("[{name: a, to: [{ipBlock: {cidr: 10.0.0.0/8}}, {domain: a.example.org}],"
                        + " ports: [{port: 80}]}]"),
                List.of());
        CompiledPolicy within = PolicyCompiler.compile(
                TestPolicies.subject("[{name: a, to: [{ipBlock: {cidr: 10.1.0.0/16}}, {domain: '*.example.org'}],"
                        + " ports: [{port: 80}], budget: {bytes: 1Mi}}]"),
                List.of());
        RulesetDifference difference = RulesetDifference.between(free, within);
        assertThat(difference.limited().egress()).containsExactly(new Allow("10.1.0.0/16", Protocol.TCP, 80, 80));
        assertThat(difference.limited().names()).containsExactly(name("a.example.org", 80, 80));
        assertThat(difference.opened().egress()).isEmpty();
        assertThat(difference.opened().names()).containsExactly(name("*.example.org", 80, 80));
        assertThat(difference.closed().egress())
                .isNotEmpty()
                .extracting(Allow::cidr)
                .doesNotContain("10.1.0.0/16");
        assertThat(difference.budgets()).containsExactly("inline/a spec.network.egress[a]: 1Mi, before none");
        assertThat(RulesetDifference.between(within, free).freed()).isEqualTo(difference.limited());
    }

    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    /** What is opened and closed leads from one ruleset to the other, and is in one of them only. */
    @ParameterizedTest
    @MethodSource("seeds")
    void differencesLeadFromOneToTheOther(long seed) {
        var cluster = new GeneratedCluster(seed);
        var policies = cluster.networkPolicies(false);
        var few = new PolicyCompiler(
                Policies.of(policies.subList(1, policies.size()), cluster.egressPolicies(), List.of()),
                cluster.endpoints());
        var others = new PolicyCompiler(
                Policies.of(policies, cluster.egressPolicies(), cluster.clusterNetworkPolicies()), cluster.endpoints());
        for (Endpoint.Workload workload : cluster.workloads()) {
            if (workload instanceof Endpoint.Agent agent) {
                CompiledPolicy before = few.compile(Compiled.subject(agent));
                CompiledPolicy after = others.compile(Compiled.subject(agent));
                RulesetDifference difference = RulesetDifference.between(before, after);
                List<Allow> led = new ArrayList<>(
                        Boxes.difference(before.allEgress(), difference.closed().egress()));
                led.addAll(difference.opened().egress());
                assertThat(Boxes.canonicalOf(led)).isEqualTo(Boxes.canonicalOf(after.allEgress()));
                assertThat(Boxes.difference(difference.opened().egress(), after.allEgress()))
                        .isEmpty();
                assertThat(Boxes.difference(difference.closed().egress(), before.allEgress()))
                        .isEmpty();
                assertThat(Boxes.difference(difference.limited().egress(), before.egress()))
                        .isEmpty();
                assertThat(Boxes.difference(difference.freed().egress(), after.egress()))
                        .isEmpty();
                assertThat(RulesetDifference.between(after, before).opened()).isEqualTo(difference.closed());
                assertThat(RulesetDifference.between(after, before).freed()).isEqualTo(difference.limited());
            }
        }
    }

    /** What is asked flow by flow is what the packet tests take compiled rulesets for. */
    @ParameterizedTest
    @MethodSource("seeds")
    void compiledFlowsAreThoseOfTheBoxes(long seed) {
        var cluster = new GeneratedCluster(seed);
        var compiler = new PolicyCompiler(
                Policies.of(cluster.networkPolicies(false), cluster.egressPolicies(), cluster.clusterNetworkPolicies()),
                cluster.endpoints());
        for (Flow flow : cluster.flows(60)) {
            if (flow.source().endpoint() instanceof Endpoint.Agent agent
                    && flow.destination().address() != null) {
                CompiledPolicy compiled = compiler.compile(Compiled.subject(agent));
                CompiledFlows flows = new CompiledFlows(compiled);
                assertThat(flows.reaches(
                                Direction.EGRESS,
                                Objects.requireNonNull(flow.destination().address()),
                                flow.protocol(),
                                flow.port()))
                        .isEqualTo(Compiled.lets(compiled, Direction.EGRESS, flow));
                assertThat(flows.opens("a.example.org", Cidr.parse("20.0.0.1"), flow.protocol(), flow.port()))
                        .isEqualTo(Compiled.resolves(compiled, "a.example.org", flow));
                assertThat(flows.opens("a.example.org", Cidr.parse("10.0.0.1"), flow.protocol(), flow.port()))
                        .as("no node opens private addresses for names")
                        .isFalse();
            }
        }
    }

    @Test
    void namesAreResolvedByTheMostExactRule() {
        CompiledFlows flows = new CompiledFlows(ruleset(
                List.of(),
                List.of(name("*.example.org", 443, 443), name("www.example.org", 80, 80)),
                List.of(name("tls.example.net", 443, 443))));
        assertThat(flows.resolves("www.example.org")).contains(name("www.example.org", 80, 80));
        assertThat(flows.resolves("a.example.org")).contains(name("*.example.org", 443, 443));
        assertThat(flows.resolves("tls.example.net")).contains(name("tls.example.net", 443, 443));
        assertThat(flows.resolves("example.org")).isEmpty();
        assertThat(flows.reaches(Direction.EGRESS, Cidr.parse("10.0.0.1"), Protocol.TCP, 0))
                .isFalse();
    }
}
