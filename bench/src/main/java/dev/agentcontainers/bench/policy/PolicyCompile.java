package dev.agentcontainers.bench.policy;

import dev.agentcontainers.bench.Bench.Benchmark;
import dev.agentcontainers.bench.Bench.Run;
import dev.agentcontainers.bench.Report;
import dev.agentcontainers.bench.Samples;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compilation of one policy group from NetworkPolicies, by how many blocks of addresses they have together; then of all groups of
 * a fleet, and of those that a change concerns.
 */
public final class PolicyCompile implements Benchmark {
    private static final List<Integer> SIZES = List.of(1, 10, 100, 500);
    private static final int BLOCKS_OF_A_POLICY = 10;

    @Override
    public String description() {
        return "compile a policy group of several sizes, a whole fleet's, and what one change concerns";
    }

    @Override
    public void run(Run run, Report report) {
        PolicySubject subject = new PolicySubject("bench", Map.of("app", "bench"), List.of());
        for (int size : SIZES) {
            List<NetworkPolicy> policies = policies(size);
            for (int i = 0; i < run.times(200, 5); i++) {
                PolicyCompiler.compile(subject, policies);
            }
            Samples samples = report.samples("%d blocks, each with an exception".formatted(size));
            CompiledPolicy compiled = PolicyCompiler.compile(subject, policies);
            for (int i = 0; i < run.times(200, 5); i++) {
                long begin = System.nanoTime();
                compiled = PolicyCompiler.compile(subject, policies);
                samples.addNanos(System.nanoTime() - begin);
            }
            report.figure(
                    "%d blocks".formatted(size),
                    "%d boxes, problems: %s".formatted(compiled.egress().size(), compiled.problems()));
        }
        FleetCompile.run(run, report);
    }

    private static List<NetworkPolicy> policies(int blocks) {
        List<NetworkPolicy> policies = new ArrayList<>();
        for (int first = 0; first < blocks; first += BLOCKS_OF_A_POLICY) {
            policies.add(policy(first, Math.min(blocks, first + BLOCKS_OF_A_POLICY)));
        }
        return policies;
    }

    private static NetworkPolicy policy(int first, int end) {
        NetworkPolicyBuilder builder = new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName("policy-" + first)
                .withNamespace("bench")
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .endPodSelector()
                .withPolicyTypes("Egress")
                .endSpec();
        for (int block = first; block < end; block++) {
            String prefix = "20.%d.%d".formatted(block / 256, block % 256);
            builder.editSpec()
                    .addNewEgress()
                    .addNewTo()
                    .withNewIpBlock()
                    .withCidr(prefix + ".0/24")
                    .withExcept(prefix + ".128/28")
                    .endIpBlock()
                    .endTo()
                    .addNewPort()
                    .withProtocol("TCP")
                    .withNewPort(443)
                    .endPort()
                    .endEgress()
                    .endSpec();
        }
        return builder.build();
    }
}
