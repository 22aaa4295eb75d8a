package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.clusternetworkpolicy.ClusterNetworkPolicies;
import dev.agentcontainers.policy.rule.EgressPolicies;
import dev.agentcontainers.policy.rule.NetworkPolicies;
import dev.agentcontainers.policy.rule.Policy;
import dev.agentcontainers.policy.rule.Tier;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The policies of a cluster as they are evaluated, read once. Immutable. */
public final class Policies {
    private final List<Policy> admin;
    private final Map<String, List<Policy>> ofNamespaces;
    private final List<Policy> baseline;

    private Policies(Map<String, List<Policy>> ofNamespaces, List<Policy> clusterNetworkPolicies) {
        admin = of(Tier.ADMIN, clusterNetworkPolicies);
        this.ofNamespaces = ofNamespaces;
        baseline = of(Tier.BASELINE, clusterNetworkPolicies);
    }

    /**
     * Reads NetworkPolicies of any namespaces.
     *
     * @throws IllegalArgumentException where one has no namespace
     */
    public static Policies of(Collection<NetworkPolicy> networkPolicies) {
        return of(networkPolicies, List.of());
    }

    /**
     * Reads NetworkPolicies of any namespaces, and ClusterNetworkPolicies as a client without their model has them.
     *
     * @throws IllegalArgumentException where a NetworkPolicy has no namespace
     */
    public static Policies of(
            Collection<NetworkPolicy> networkPolicies, Collection<GenericKubernetesResource> clusterNetworkPolicies) {
        return of(networkPolicies, List.of(), clusterNetworkPolicies);
    }

    /**
     * Reads NetworkPolicies and EgressPolicies of any namespaces, and ClusterNetworkPolicies as a client without their model has
     * them.
     *
     * @throws IllegalArgumentException where a NetworkPolicy or an EgressPolicy has no namespace
     */
    public static Policies of(
            Collection<NetworkPolicy> networkPolicies,
            Collection<EgressPolicy> egressPolicies,
            Collection<GenericKubernetesResource> clusterNetworkPolicies) {
        Map<String, List<Policy>> byNamespace = new HashMap<>();
        for (NetworkPolicy policy : networkPolicies) {
            add(byNamespace, policy, NetworkPolicies.read(policy));
        }
        for (EgressPolicy policy : egressPolicies) {
            add(byNamespace, policy, EgressPolicies.read(policy));
        }
        return new Policies(
                byNamespace,
                clusterNetworkPolicies.stream()
                        .map(ClusterNetworkPolicies::read)
                        .toList());
    }

    private static void add(Map<String, List<Policy>> byNamespace, HasMetadata object, Policy policy) {
        String namespace = object.getMetadata().getNamespace();
        if (namespace == null) {
            throw new IllegalArgumentException(policy.name()
                    + " metadata.namespace: is missing, so it is not known which workloads the policy selects");
        }
        byNamespace.computeIfAbsent(namespace, _ -> new ArrayList<>()).add(policy);
    }

    /**
     * Policies that are read already.
     *
     * @param ofNamespaces NetworkPolicies and EgressPolicies, by namespace
     */
    public static Policies ofRead(Map<String, List<Policy>> ofNamespaces, Collection<Policy> clusterNetworkPolicies) {
        return new Policies(Map.copyOf(ofNamespaces), List.copyOf(clusterNetworkPolicies));
    }

    /** The policies of a tier that may govern workloads of that namespace, in the order in which they decide. */
    List<Policy> in(Tier tier, String namespace) {
        return switch (tier) {
            case ADMIN -> admin;
            case NETWORK_POLICY -> ofNamespaces.getOrDefault(namespace, List.of());
            case BASELINE -> baseline;
        };
    }

    private static List<Policy> of(Tier tier, List<Policy> policies) {
        return policies.stream()
                .filter(policy -> policy.tier() == tier)
                .sorted(Policy.PRECEDENCE)
                .toList();
    }
}
