package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.Decision.Denied;
import dev.agentcontainers.policy.Decision.Reason;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.endpoint.Party;
import dev.agentcontainers.policy.rule.Direction;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for all policies between agents, Pods and nodes, tried on generated ones. A failure names its seed. */
class EvaluatorPropertiesTest {
    private static final int FLOWS = 100;

    static LongStream seeds() {
        return LongStream.range(0, 100);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void orderDoesNotMatter(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> policies = new ArrayList<>(cluster.networkPolicies(false));
        List<EgressPolicy> egressPolicies = new ArrayList<>(cluster.egressPolicies());
        List<GenericKubernetesResource> clusterPolicies = new ArrayList<>(cluster.clusterNetworkPolicies());
        Policies inOrder = Policies.of(policies, egressPolicies, clusterPolicies);
        Collections.shuffle(policies, new Random(seed));
        Collections.shuffle(egressPolicies, new Random(seed));
        Collections.shuffle(clusterPolicies, new Random(seed));
        Policies shuffled = Policies.of(policies, egressPolicies, clusterPolicies);

        for (Flow flow : cluster.flows(FLOWS)) {
            assertThat(Evaluator.evaluate(shuffled, cluster.endpoints(), flow))
                    .isEqualTo(Evaluator.evaluate(inOrder, cluster.endpoints(), flow));
        }
    }

    /** Of agents: what a Pod may do without any policy ends with the first one. */
    @ParameterizedTest
    @MethodSource("seeds")
    void addingANetworkPolicyNeverRemovesAFlowOfAgents(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> more = cluster.networkPolicies(false);
        Policies fewer = Policies.of(more.subList(0, more.size() - 1));
        Policies all = Policies.of(more);

        for (Flow flow : cluster.flows(FLOWS)) {
            Flow identified = flow.identifiedIn(cluster.endpoints());
            Verdict before = Evaluator.evaluate(fewer, cluster.endpoints(), flow);
            Verdict after = Evaluator.evaluate(all, cluster.endpoints(), flow);
            if (identified.source().endpoint() instanceof Endpoint.Agent
                    && before.egress().isAllowed()) {
                assertThat(after.egress().isAllowed()).as("%s: %s", flow, after).isTrue();
            }
            if (identified.destination().endpoint() instanceof Endpoint.Agent
                    && before.ingress().isAllowed()) {
                assertThat(after.ingress().isAllowed())
                        .as("%s: %s", flow, after)
                        .isTrue();
            }
        }
    }

    /** Nor of Pods: it selects none. */
    @ParameterizedTest
    @MethodSource("seeds")
    void addingAnEgressPolicyNeverRemovesAFlow(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> beside = cluster.networkPolicies(false);
        List<EgressPolicy> fewer = cluster.egressPolicies();
        List<EgressPolicy> more = new ArrayList<>(fewer);
        more.add(cluster.egressPolicy("more"));
        Policies before = Policies.of(beside, fewer, List.of());
        Policies after = Policies.of(beside, more, List.of());

        for (Flow flow : cluster.flows(FLOWS)) {
            Verdict earlier = Evaluator.evaluate(before, cluster.endpoints(), flow);
            Verdict later = Evaluator.evaluate(after, cluster.endpoints(), flow);
            assertThat(later.egress().isAllowed() || !earlier.egress().isAllowed())
                    .as("%s: %s", flow, later)
                    .isTrue();
            assertThat(later.ingress()).as("no say on what is received").isEqualTo(earlier.ingress());
            if (flow.source().endpoint() instanceof Endpoint.Pod) {
                assertThat(later.egress()).as("no say on Pods").isEqualTo(earlier.egress());
            }
        }
    }

    /** A policy of one namespace says nothing of the workloads of another; each end decides by its own policies. */
    @ParameterizedTest
    @MethodSource("seeds")
    void eachEndDecidesByItself(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> policies = cluster.networkPolicies(false);

        for (Flow flow : cluster.flows(FLOWS)) {
            Flow identified = flow.identifiedIn(cluster.endpoints());
            for (Direction direction : Direction.values()) {
                Party self = direction == Direction.EGRESS ? identified.source() : identified.destination();
                if (self.endpoint() instanceof Endpoint.Workload workload) {
                    List<NetworkPolicy> own = policies.stream()
                            .filter(policy ->
                                    policy.getMetadata().getNamespace().equals(workload.namespace()))
                            .toList();
                    assertThat(Evaluator.evaluate(Policies.of(own), cluster.endpoints(), flow)
                                    .at(direction))
                            .isEqualTo(Evaluator.evaluate(Policies.of(policies), cluster.endpoints(), flow)
                                    .at(direction));
                }
            }
        }
    }

    /** What a denial offers as its remedy is YAML that, put where it says, allows the flow at that end. */
    @ParameterizedTest
    @MethodSource("seeds")
    void remediesAllowTheFlow(long seed) {
        var cluster = new GeneratedCluster(seed);
        List<NetworkPolicy> policies = cluster.networkPolicies(false);
        List<EgressPolicy> egressPolicies = cluster.egressPolicies();
        List<GenericKubernetesResource> clusterPolicies = cluster.clusterNetworkPolicies();
        Policies all = Policies.of(policies, egressPolicies, clusterPolicies);

        for (Flow flow : cluster.flows(FLOWS)) {
            Flow identified = flow.identifiedIn(cluster.endpoints());
            for (Direction direction : Direction.values()) {
                Party self = direction == Direction.EGRESS ? identified.source() : identified.destination();
                if (Evaluator.evaluate(all, cluster.endpoints(), flow).at(direction) instanceof Denied denied
                        && denied.remedy().contains("{")
                        && self.endpoint() instanceof Endpoint.Workload workload) {
                    assertThat(remedied(
                                            policies,
                                            egressPolicies,
                                            clusterPolicies,
                                            cluster.endpoints(),
                                            flow,
                                            direction,
                                            workload,
                                            denied)
                                    .isAllowed())
                            .as("%s: %s", flow, denied)
                            .isTrue();
                }
            }
        }
    }

    private static Decision remedied(
            List<NetworkPolicy> policies,
            List<EgressPolicy> egressPolicies,
            List<GenericKubernetesResource> clusterPolicies,
            Endpoints endpoints,
            Flow flow,
            Direction direction,
            Endpoint.Workload workload,
            Denied denied) {
        String rule = denied.remedy().substring(denied.remedy().indexOf('{'));
        if (denied.remedy().contains("spec.network.egress") && workload instanceof Endpoint.Agent agent) {
            var inline = TestPolicies.subject("[" + rule.replace("NAME", "remedy") + "]")
                    .inlineRules();
            var changed = new Endpoint.Agent(
                    agent.namespace(), agent.name(), agent.labels(), agent.addresses(), agent.ports(), inline);
            Flow sent = new Flow(Party.of(changed), flow.destination(), flow.protocol(), flow.port());
            return Evaluator.evaluate(Policies.of(policies, egressPolicies, clusterPolicies), endpoints, sent)
                    .at(direction);
        }
        List<NetworkPolicy> more = new ArrayList<>(policies);
        List<GenericKubernetesResource> clusterMore = new ArrayList<>(clusterPolicies);
        if (denied.reason() == Reason.NODE) {
            clusterMore.add(House.clusterNetworkPolicy(
                    "a-remedy", "{tier: Admin, priority: 0, subject: {namespaces: {}}, egress: [" + rule + "]}"));
        } else {
            NetworkPolicy added = TestPolicies.networkPolicy(
                    "remedy",
                    "{podSelector: {}, policyTypes: [%s], %s: [%s]}"
                            .formatted(direction.policyType(), direction.rulesField(), rule));
            added.getMetadata().setNamespace(workload.namespace());
            more.add(added);
        }
        return Evaluator.evaluate(Policies.of(more, egressPolicies, clusterMore), endpoints, flow)
                .at(direction);
    }
}
