package dev.agentcontainers.cli.egress;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.cli.terminal.UserException;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The objects that policies are judged by.
 *
 * @param unknown what could not be read, each with what that may change of a verdict
 */
public record KnownObjects(
        List<AgentContainer> agents,
        List<Namespace> namespaces,
        List<Pod> pods,
        List<Node> nodes,
        List<NetworkPolicy> networkPolicies,
        List<EgressPolicy> egressPolicies,
        List<GenericKubernetesResource> clusterNetworkPolicies,
        List<String> unknown) {
    public KnownObjects {
        agents = List.copyOf(agents);
        namespaces = List.copyOf(namespaces);
        pods = List.copyOf(pods);
        nodes = List.copyOf(nodes);
        networkPolicies = List.copyOf(networkPolicies);
        egressPolicies = List.copyOf(egressPolicies);
        clusterNetworkPolicies = List.copyOf(clusterNetworkPolicies);
        unknown = List.copyOf(unknown);
    }

    /** Whether there is nothing. */
    public boolean isEmpty() {
        return agents.isEmpty()
                && namespaces.isEmpty()
                && pods.isEmpty()
                && nodes.isEmpty()
                && networkPolicies.isEmpty()
                && egressPolicies.isEmpty()
                && clusterNetworkPolicies.isEmpty();
    }

    public AgentContainer agent(String namespace, String name) {
        return agents.stream()
                .filter(agent -> agent.getMetadata().getNamespace().equals(namespace)
                        && agent.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new UserException(
                        "there is no AgentContainer %s in namespace %s".formatted(name, namespace), 2));
    }

    private static Endpoint owning(Endpoint endpoint, Set<Cidr> taken) {
        List<Cidr> own = endpoint.addresses().stream().filter(taken::add).toList();
        return own.size() == endpoint.addresses().size() ? endpoint : endpoint.withAddresses(own);
    }

    public Policies policies() {
        return Policies.of(networkPolicies, egressPolicies, clusterNetworkPolicies);
    }

    public Endpoints endpoints() {
        Map<String, Map<String, String>> labels = new HashMap<>();
        namespaces.forEach(namespace -> labels.put(
                namespace.getMetadata().getName(),
                Objects.requireNonNullElse(namespace.getMetadata().getLabels(), Map.of())));
        List<Endpoint> endpoints = new ArrayList<>();
        Set<Cidr> taken = new HashSet<>();
        // Nodes first: as in rulesets, their addresses are theirs whoever else says that they are his.
        nodes.forEach(node -> endpoints.add(owning(Endpoint.Node.of(node), taken)));
        agents.forEach(agent -> endpoints.add(owning(Endpoint.Agent.of(agent), taken)));
        pods.forEach(pod -> Endpoint.Pod.of(pod).ifPresent(each -> endpoints.add(owning(each, taken))));
        return new Endpoints(labels, endpoints);
    }
}
