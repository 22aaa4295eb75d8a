package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What holds for the rulesets of agents among agents, Pods and nodes under all kinds of policy, tried on generated ones. A failure
 * names its seed.
 */
class RulesetPropertiesTest {
    private static final int FLOWS = 150;
    private static final List<String> NAMES =
            List.of("a.example.org", "b.example.org", "x.a.example.org", "example.org", "a.example.net");

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatIsCompiledIsWhatIsEvaluated(long seed) {
        var cluster = new GeneratedCluster(seed);
        Endpoints endpoints = cluster.endpoints();
        Policies policies =
                Policies.of(cluster.networkPolicies(false), cluster.egressPolicies(), cluster.clusterNetworkPolicies());
        Map<Endpoint.Workload, CompiledPolicy> rulesets = rulesets(cluster, policies, endpoints);

        for (Flow flow : flows(cluster)) {
            Flow identified = flow.identifiedIn(endpoints);
            Verdict verdict = Evaluator.evaluate(policies, endpoints, flow);
            for (Direction direction : Direction.values()) {
                Party self = direction == Direction.EGRESS ? identified.source() : identified.destination();
                if (self.endpoint() instanceof Endpoint.Agent agent) {
                    assertThat(Compiled.lets(Objects.requireNonNull(rulesets.get(agent)), direction, flow))
                            .as("%s of %s: %s", direction, flow, verdict)
                            .isEqualTo(verdict.at(direction).isAllowed()
                                    && !isTooLarge(Objects.requireNonNull(rulesets.get(agent)), direction));
                }
            }
        }
    }

    /** A flow to a public address that a name was resolved to passes by its boxes or by the name. */
    @ParameterizedTest
    @MethodSource("seeds")
    void namesAreCompiledAsTheyAreEvaluated(long seed) {
        var cluster = new GeneratedCluster(seed);
        Endpoints endpoints = cluster.endpoints();
        Policies policies =
                Policies.of(cluster.networkPolicies(false), cluster.egressPolicies(), cluster.clusterNetworkPolicies());
        Map<Endpoint.Workload, CompiledPolicy> rulesets = rulesets(cluster, policies, endpoints);

        for (Flow flow : cluster.flows(FLOWS)) {
            for (String name : NAMES) {
                Party resolved = new Party(null, Cidr.parse("20.0.0.1"), name);
                Flow sent = new Flow(flow.source(), resolved, flow.protocol(), flow.port());
                CompiledPolicy ruleset = rulesets.get(flow.source().endpoint());
                if (ruleset != null && !isTooLarge(ruleset, Direction.EGRESS)) {
                    Verdict verdict = Evaluator.evaluate(policies, endpoints, sent);
                    assertThat(Compiled.lets(ruleset, Direction.EGRESS, sent) || Compiled.resolves(ruleset, name, sent))
                            .as("%s of %s: %s", name, sent, verdict)
                            .isEqualTo(verdict.egress().isAllowed());
                }
            }
        }
    }

    /** Each flow is charged to the budgets that the evaluator names, and to none where a rule without one allows it. */
    @ParameterizedTest
    @MethodSource("seeds")
    void budgetsAreCompiledAsTheyAreEvaluated(long seed) {
        var cluster = new GeneratedCluster(seed);
        Endpoints endpoints = cluster.endpoints();
        Policies policies =
                Policies.of(cluster.networkPolicies(false), cluster.egressPolicies(), cluster.clusterNetworkPolicies());
        Map<Endpoint.Workload, CompiledPolicy> rulesets = rulesets(cluster, policies, endpoints);

        for (Flow flow : flows(cluster)) {
            CompiledPolicy ruleset =
                    rulesets.get(flow.identifiedIn(endpoints).source().endpoint());
            if (ruleset != null && !isTooLarge(ruleset, Direction.EGRESS)) {
                Decision decision =
                        Evaluator.evaluate(policies, endpoints, flow).egress();
                List<String> charged = Compiled.charged(ruleset, flow);
                assertThat(
                                decision instanceof Decision.Allowed allowed
                                        ? allowed.budgets().size()
                                        : 0)
                        .as("%s: %s", flow, decision)
                        .isEqualTo(charged.size());
                if (!charged.isEmpty() && decision instanceof Decision.Allowed allowed) {
                    assertThat(charged).first().isEqualTo(allowed.rule().toString());
                }
            }
        }
    }

    /** A flow may be charged to more budgets afterwards, or to none, and has so no less room. */
    @ParameterizedTest
    @MethodSource("seeds")
    void addingAnEgressPolicyNeverTakesABudgetFromAFlow(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> beside = cluster.networkPolicies(false);
        List<EgressPolicy> fewer = cluster.egressPolicies();
        List<EgressPolicy> more = new ArrayList<>(fewer);
        more.add(cluster.egressPolicy("more"));
        var before = rulesets(cluster, Policies.of(beside, fewer, List.of()), cluster.endpoints());
        var after = rulesets(cluster, Policies.of(beside, more, List.of()), cluster.endpoints());

        for (Flow flow : flows(cluster)) {
            before.forEach((agent, earlier) -> {
                List<String> charged = Compiled.charged(earlier, flow);
                List<String> later = Compiled.charged(Objects.requireNonNull(after.get(agent)), flow);
                if (!later.isEmpty() && Compiled.lets(earlier, Direction.EGRESS, flow)) {
                    assertThat(charged).as("%s of %s", flow, agent).isNotEmpty();
                    assertThat(later).as("%s of %s", flow, agent).containsAll(charged);
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderDoesNotMatter(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> policies = new ArrayList<>(cluster.networkPolicies(false));
        List<EgressPolicy> egressPolicies = new ArrayList<>(cluster.egressPolicies());
        List<GenericKubernetesResource> clusterPolicies = new ArrayList<>(cluster.clusterNetworkPolicies());
        var inOrder = new PolicyCompiler(Policies.of(policies, egressPolicies, clusterPolicies), cluster.endpoints());
        Collections.shuffle(policies, new Random(seed));
        Collections.shuffle(egressPolicies, new Random(seed));
        Collections.shuffle(clusterPolicies, new Random(seed));
        var shuffled = new PolicyCompiler(Policies.of(policies, egressPolicies, clusterPolicies), cluster.endpoints());

        for (Endpoint.Workload workload : cluster.workloads()) {
            if (workload instanceof Endpoint.Agent agent) {
                assertThat(shuffled.compile(Compiled.subject(agent)))
                        .isEqualTo(inOrder.compile(Compiled.subject(agent)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void addingANetworkPolicyNeverRemovesAFlow(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> more = cluster.networkPolicies(false);
        List<EgressPolicy> beside = cluster.egressPolicies();
        neverRemovesAFlow(
                cluster,
                Policies.of(more.subList(0, more.size() - 1), beside, List.of()),
                Policies.of(more, beside, List.of()));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void addingAnEgressPolicyNeverRemovesAFlow(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> beside = cluster.networkPolicies(false);
        List<EgressPolicy> fewer = cluster.egressPolicies();
        List<EgressPolicy> more = new ArrayList<>(fewer);
        more.add(cluster.egressPolicy("more"));
        neverRemovesAFlow(cluster, Policies.of(beside, fewer, List.of()), Policies.of(beside, more, List.of()));
    }

    private static void neverRemovesAFlow(GeneratedCluster cluster, Policies fewer, Policies more) {
        var before = rulesets(cluster, fewer, cluster.endpoints());
        var after = rulesets(cluster, more, cluster.endpoints());

        for (Flow flow : flows(cluster)) {
            before.forEach((agent, earlier) -> {
                for (Direction direction : Direction.values()) {
                    if (Compiled.lets(earlier, direction, flow)) {
                        assertThat(Compiled.lets(Objects.requireNonNull(after.get(agent)), direction, flow))
                                .as("%s of %s: %s", direction, agent, flow)
                                .isTrue();
                    }
                }
                for (String name : NAMES) {
                    if (Compiled.resolves(earlier, name, flow)) {
                        assertThat(Compiled.resolves(Objects.requireNonNull(after.get(agent)), name, flow))
                                .as("%s of %s: %s", name, agent, flow)
                                .isTrue();
                    }
                }
            });
        }
    }

    private static Map<Endpoint.Workload, CompiledPolicy> rulesets(
            GeneratedCluster cluster, Policies policies, Endpoints endpoints) {
        var compiler = new PolicyCompiler(policies, endpoints);
        Map<Endpoint.Workload, CompiledPolicy> rulesets = new HashMap<>();
        for (Endpoint.Workload workload : cluster.workloads()) {
            if (workload instanceof Endpoint.Agent agent) {
                rulesets.put(agent, compiler.compile(Compiled.subject(agent)));
            }
        }
        return rulesets;
    }

    /** The evaluator knows no limit of size. */
    private static boolean isTooLarge(CompiledPolicy compiled, Direction direction) {
        return compiled.problems().stream()
                .anyMatch(problem -> problem.contains(
                        "boxes of addresses and ports for " + direction.rulesField() + ", so they allow nothing"));
    }

    /** Between workloads, to and from a node, and addresses that are nobody's. */
    private static List<Flow> flows(GeneratedCluster cluster) {
        List<Flow> flows = new ArrayList<>(cluster.flows(FLOWS));
        for (Flow flow : cluster.flows(FLOWS)) {
            flows.add(new Flow(flow.destination(), flow.source(), flow.protocol(), flow.port()));
        }
        return flows;
    }
}
