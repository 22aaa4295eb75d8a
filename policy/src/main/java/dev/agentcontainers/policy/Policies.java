package dev.agentcontainers.policy;

import dev.agentcontainers.policy.clusternetworkpolicy.ClusterNetworkPolicies;
import dev.agentcontainers.policy.rule.NetworkPolicies;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Tier;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The policies of a cluster as they are evaluated, read once. Immutable. */
public final class Policies {
    private final List<Policy> admin;
    private final List<Policy> networkPolicies;
    private final List<Policy> baseline;

    private Policies(Collection<Policy> policies) {
        admin = of(Tier.ADMIN, policies);
        networkPolicies = of(Tier.NETWORK_POLICY, policies);
        baseline = of(Tier.BASELINE, policies);
    }

    /** Reads NetworkPolicies of any namespaces. */
    public static Policies of(Collection<NetworkPolicy> networkPolicies) {
        return of(networkPolicies, List.of());
    }

    /** Reads NetworkPolicies of any namespaces, and ClusterNetworkPolicies as a client without their model has them. */
    public static Policies of(
            Collection<NetworkPolicy> networkPolicies, Collection<GenericKubernetesResource> clusterNetworkPolicies) {
        List<Policy> read = new ArrayList<>();
        networkPolicies.forEach(policy -> read.add(NetworkPolicies.read(policy)));
        clusterNetworkPolicies.forEach(policy -> read.add(ClusterNetworkPolicies.read(policy)));
        return new Policies(read);
    }

    /** The policies of a tier in the order in which they decide. */
    List<Policy> in(Tier tier) {
        return switch (tier) {
            case ADMIN -> admin;
            case NETWORK_POLICY -> networkPolicies;
            case BASELINE -> baseline;
        };
    }

    private static List<Policy> of(Tier tier, Collection<Policy> policies) {
        return policies.stream()
                .filter(policy -> policy.tier() == tier)
                .sorted(Policy.PRECEDENCE)
                .toList();
    }
}
