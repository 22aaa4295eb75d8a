package dev.agentcontainers.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.incremental.IncrementalCompiler;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever changes in whatever order, a ruleset is what compiling everything anew would make. A failure names its seed. */
class IncrementalPropertiesTest {
    private static final int STEPS = 60;

    private final IncrementalCompiler compiler = new IncrementalCompiler();
    private final Map<String, Endpoint> endpoints = new TreeMap<>();
    private final Map<String, Map<String, String>> namespaces = new TreeMap<>();
    private final Map<String, NetworkPolicy> policies = new TreeMap<>();
    private final Map<String, EgressPolicy> egressPolicies = new TreeMap<>();
    private final Map<String, GenericKubernetesResource> clusterPolicies = new TreeMap<>();

    static LongStream seeds() {
        return LongStream.range(0, 100);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void isAsCompiledAnew(long seed) {
        Random random = new Random(seed);
        for (int step = 0; step < STEPS; step++) {
            var cluster = new GeneratedCluster(random.nextLong());
            Map<PolicySubject, CompiledPolicy> before = rulesets();
            Set<PolicySubject> concerned = change(random, cluster);
            Map<PolicySubject, CompiledPolicy> after = rulesets();

            var anew = new PolicyCompiler(
                    Policies.of(policies.values(), egressPolicies.values(), clusterPolicies.values()),
                    new Endpoints(namespaces, endpoints.values()));
            for (PolicySubject subject : after.keySet()) {
                assertThat(after.get(subject)).as("step %d, %s", step, subject).isEqualTo(anew.compile(subject));
                if (before.containsKey(subject) && !after.get(subject).equals(before.get(subject))) {
                    assertThat(concerned).as("step %d", step).contains(subject);
                }
            }
        }
    }

    private Set<PolicySubject> change(Random random, GeneratedCluster cluster) {
        boolean goes = random.nextInt(4) == 0;
        return switch (random.nextInt(7)) {
            case 0, 1 -> {
                Endpoint.Workload workload = cluster.workloads()
                        .get(random.nextInt(cluster.workloads().size()));
                yield endpoint(workload.name(), goes ? null : workload);
            }
            case 2 ->
                endpoint(
                        "n",
                        goes
                                ? null
                                : new Endpoint.Node(
                                        "n", Map.of(), List.of(Cidr.parse("10.0.0." + (12 + random.nextInt(3))))));
            case 3 -> {
                String name = random.nextBoolean() ? "p" : "q";
                Map<String, String> labels = Map.of("team", random.nextBoolean() ? "p" : "q");
                namespaces.put(name, labels);
                yield compiler.namespace(name, labels);
            }
            case 4 -> {
                NetworkPolicy policy = cluster.networkPolicy("np" + random.nextInt(4), false);
                String namespace = policy.getMetadata().getNamespace();
                String name = policy.getMetadata().getName();
                if (goes) {
                    policies.remove(namespace + "/" + name);
                } else {
                    policies.put(namespace + "/" + name, policy);
                }
                yield compiler.networkPolicy(namespace, name, goes ? null : policy);
            }
            case 5 -> {
                EgressPolicy policy = cluster.egressPolicy("ep" + random.nextInt(4));
                String namespace = policy.getMetadata().getNamespace();
                String name = policy.getMetadata().getName();
                if (goes) {
                    egressPolicies.remove(namespace + "/" + name);
                } else {
                    egressPolicies.put(namespace + "/" + name, policy);
                }
                yield compiler.egressPolicy(namespace, name, goes ? null : policy);
            }
            default -> {
                List<GenericKubernetesResource> generated = cluster.clusterNetworkPolicies();
                String name = "cnp" + random.nextInt(4);
                if (goes || generated.isEmpty()) {
                    clusterPolicies.remove(name);
                    yield compiler.clusterNetworkPolicy(name, null);
                }
                generated.getFirst().getMetadata().setName(name);
                clusterPolicies.put(name, generated.getFirst());
                yield compiler.clusterNetworkPolicy(name, generated.getFirst());
            }
        };
    }

    private Set<PolicySubject> endpoint(String key, @Nullable Endpoint now) {
        if (now == null) {
            endpoints.remove(key);
        } else {
            endpoints.put(key, now);
        }
        return compiler.endpoint(key, now);
    }

    private Map<PolicySubject, CompiledPolicy> rulesets() {
        Map<PolicySubject, CompiledPolicy> rulesets = new HashMap<>();
        for (Endpoint endpoint : endpoints.values()) {
            if (endpoint instanceof Endpoint.Agent agent) {
                PolicySubject subject = Compiled.subject(agent);
                rulesets.put(subject, compiler.compile(subject));
            }
        }
        return rulesets;
    }
}
