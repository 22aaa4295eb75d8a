package dev.agentcontainers.operator.fleet;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNode;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is watched. The controllers that own the watches register them before any event is processed; the
 * framework has filled all of them before the first reconciliation and before leadership is sought.
 */
@ApplicationScoped
public class Fleet {
    private static final String BY_NODE = "by-node";
    private static final String BY_NAMESPACE = "by-namespace";
    private static final String BY_BINDING = "by-binding";
    private static final String UNBOUND = "unbound";
    private static final String BY_AGENT = "by-agent";

    private @Nullable IndexerResourceCache<AgentContainer> agents;
    private @Nullable IndexerResourceCache<AgentAssignment> assignments;
    private @Nullable IndexerResourceCache<AgentNodePolicy> nodePolicies;
    private @Nullable IndexerResourceCache<IsolationClass> isolationClasses;
    private @Nullable IndexerResourceCache<AgentNode> nodes;
    private @Nullable IndexerResourceCache<NetworkPolicy> networkPolicies;
    private @Nullable IndexerResourceCache<EgressPolicy> egressPolicies;
    private @Nullable IndexerResourceCache<Namespace> namespaces;

    public void registerAgents(IndexerResourceCache<AgentContainer> cache) {
        cache.addIndexers(Map.of(
                BY_NODE, agent -> nodeOf(agent).map(NodeNamespace::of).stream().toList(),
                BY_BINDING, agent -> nodeOf(agent).isPresent() ? List.of() : List.of(UNBOUND)));
        agents = cache;
    }

    public void registerAssignments(IndexerResourceCache<AgentAssignment> cache) {
        cache.addIndexers(Map.of(
                BY_AGENT, assignment -> List.of(assignment.getMetadata().getName()),
                BY_NAMESPACE, assignment -> List.of(assignment.getMetadata().getNamespace())));
        assignments = cache;
    }

    public void registerNodePolicies(IndexerResourceCache<AgentNodePolicy> cache) {
        cache.addIndexers(
                Map.of(BY_NAMESPACE, policy -> List.of(policy.getMetadata().getNamespace())));
        nodePolicies = cache;
    }

    public void registerIsolationClasses(IndexerResourceCache<IsolationClass> cache) {
        isolationClasses = cache;
    }

    public void registerNodes(IndexerResourceCache<AgentNode> cache) {
        cache.addIndexers(Map.of(
                BY_NAMESPACE,
                node -> List.of(NodeNamespace.of(node.getMetadata().getName()))));
        nodes = cache;
    }

    public void registerNamespaces(IndexerResourceCache<Namespace> cache) {
        namespaces = cache;
    }

    public void registerNetworkPolicies(IndexerResourceCache<NetworkPolicy> cache) {
        networkPolicies = cache;
    }

    public void registerEgressPolicies(IndexerResourceCache<EgressPolicy> cache) {
        egressPolicies = cache;
    }

    /** Whether each cache is registered, by what it holds; the framework fills those that are before it lets anyone lead. */
    public Map<String, Boolean> caches() {
        return Map.of(
                "agentcontainers", agents != null,
                "agentassignments", assignments != null,
                "agentnodepolicies", nodePolicies != null,
                "isolationclasses", isolationClasses != null,
                "agentnodes", nodes != null,
                "networkpolicies", networkPolicies != null,
                "egresspolicies", egressPolicies != null,
                "namespaces", namespaces != null);
    }

    public Optional<AgentContainer> agent(ResourceID id) {
        return registered(agents).get(id);
    }

    public Stream<AgentContainer> agents() {
        return registered(agents).list(agent -> true);
    }

    public List<AgentContainer> agentsOn(String nodeName) {
        return agentsOnNodeOf(NodeNamespace.of(nodeName));
    }

    /** The agents that are bound to the node with that namespace. */
    public List<AgentContainer> agentsOnNodeOf(String nodeNamespace) {
        return registered(agents).byIndex(BY_NODE, nodeNamespace);
    }

    public List<AgentContainer> unboundAgents() {
        return registered(agents).byIndex(BY_BINDING, UNBOUND);
    }

    /** All assignments of an agent, also those on nodes that it isn't bound to. */
    public List<AgentAssignment> assignmentsOf(AgentContainer agent) {
        return registered(assignments).byIndex(BY_AGENT, agent.getMetadata().getUid());
    }

    public List<AgentAssignment> assignmentsIn(String nodeNamespace) {
        return registered(assignments).byIndex(BY_NAMESPACE, nodeNamespace);
    }

    public Stream<AgentAssignment> assignments() {
        return registered(assignments).list(assignment -> true);
    }

    public NodePolicy nodePolicy(String nodeNamespace) {
        return NodePolicy.of(registered(nodePolicies).byIndex(BY_NAMESPACE, nodeNamespace));
    }

    /** The highest epoch of a leader that any node or assignment has heard of; 0 where none has. */
    public long highestEpoch() {
        LongStream ofPolicies = registered(nodePolicies)
                .list(policy -> policy.getSpec() != null)
                .mapToLong(policy -> policy.getSpec().epoch());
        LongStream ofAssignments =
                assignments().mapToLong(assignment -> assignment.getSpec().epoch());
        return LongStream.concat(ofPolicies, ofAssignments).max().orElse(0);
    }

    public Optional<IsolationClass> isolationClass(String name) {
        return registered(isolationClasses).get(new ResourceID(name));
    }

    public Stream<IsolationClass> isolationClasses() {
        return registered(isolationClasses).list(each -> true);
    }

    public Optional<AgentNode> node(String name) {
        return registered(nodes).get(new ResourceID(name));
    }

    public Stream<AgentNode> nodes() {
        return registered(nodes).list(node -> true);
    }

    /** The node that owns that namespace: one, or none. */
    public List<AgentNode> nodesWithNamespace(String namespace) {
        return registered(nodes).byIndex(BY_NAMESPACE, namespace);
    }

    public Stream<Namespace> namespaces() {
        return registered(namespaces).list(namespace -> true);
    }

    public Optional<Namespace> namespace(String name) {
        return registered(namespaces).get(new ResourceID(name));
    }

    /** The namespace of that name, if it is a node's. */
    public Optional<Namespace> nodeNamespace(String name) {
        return namespace(name)
                .filter(namespace -> namespace.getMetadata().getLabels() != null
                        && namespace.getMetadata().getLabels().containsKey(Api.NODE_LABEL));
    }

    public Stream<NetworkPolicy> networkPolicies() {
        return registered(networkPolicies).list(policy -> true);
    }

    public Optional<NetworkPolicy> networkPolicy(ResourceID id) {
        return registered(networkPolicies).get(id);
    }

    public Stream<EgressPolicy> egressPolicies() {
        return registered(egressPolicies).list(policy -> true);
    }

    public Optional<EgressPolicy> egressPolicy(ResourceID id) {
        return registered(egressPolicies).get(id);
    }

    /** The node that an agent is bound to. */
    public static Optional<String> nodeOf(AgentContainer agent) {
        return Optional.ofNullable(agent.getStatus()).map(status -> status.nodeName());
    }

    private static <T> T registered(@Nullable T cache) {
        return Objects.requireNonNull(cache, "a cache is used before its controller has registered it");
    }
}
