package dev.agentcontainers.policy.incremental;

import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.policy.Compilation;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.Policies;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.clusternetworkpolicy.ClusterNetworkPolicies;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.endpoint.Endpoints;
import dev.agentcontainers.policy.rule.EgressPolicies;
import dev.agentcontainers.policy.rule.NetworkPolicies;
import dev.agentcontainers.policy.rule.Policy;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compiles policy groups as {@link PolicyCompiler} does, and again only those that a change concerns. Each change returns the
 * groups whose rulesets were made before and may be others now; who uses them asks for them again. Thread-safe.
 */
public final class IncrementalCompiler {
    private final Map<String, Map<String, String>> namespaces = new HashMap<>();
    /** NetworkPolicies and EgressPolicies by namespace and the name that sources have. */
    private final Map<String, Map<String, Policy>> ofNamespaces = new HashMap<>();

    private final Map<String, Policy> clusterNetworkPolicies = new HashMap<>();
    private final KnownEndpoints endpoints = new KnownEndpoints();
    private final CompiledGroups groups = new CompiledGroups();
    /** Of the policies and endpoints as they are; null where they have changed since. */
    private @Nullable PolicyCompiler compiler;
    /** The labels of namespaces as they are, and no endpoint; null where they have changed since. */
    private @Nullable Endpoints namespaceLabels;

    /** The ruleset of the subject's policy group. */
    public synchronized CompiledPolicy compile(PolicySubject subject) {
        Compilation compilation = groups.get(subject);
        if (compilation == null) {
            compilation = compiler().compilation(subject);
            groups.put(subject, compilation);
        }
        return compilation.policy();
    }

    /** Nobody uses the subject's group any more. */
    public synchronized void forget(PolicySubject subject) {
        groups.remove(subject);
    }

    /**
     * An agent, a Pod or a node has changed.
     *
     * @param key names it and no other, also where it is gone
     * @param now null: it is gone
     */
    public synchronized Set<PolicySubject> endpoint(String key, @Nullable Endpoint now) {
        List<KnownEndpoints.Change> changes = endpoints.put(key, now);
        if (changes.isEmpty()) {
            return Set.of();
        }
        compiler = null;
        if (groups.isEmpty()) {
            return Set.of();
        }
        Set<PolicySubject> concerned = new HashSet<>();
        for (KnownEndpoints.Change change : changes) {
            concerned.addAll(concernedBy(change));
        }
        return outdated(concerned);
    }

    /**
     * The labels of a namespace have changed.
     *
     * @param labels null: the namespace is gone
     */
    public synchronized Set<PolicySubject> namespace(String name, @Nullable Map<String, String> labels) {
        Map<String, String> now = labels == null ? null : Endpoints.withName(name, labels);
        if (Objects.equals(namespaces.get(name), now)) {
            return Set.of();
        }
        // What nobody uses needs no comparison: while all of a cluster is told, that would take long.
        Endpoints before = groups.isEmpty() ? Endpoints.NONE : namespaceLabels();
        if (now == null) {
            namespaces.remove(name);
        } else {
            namespaces.put(name, now);
        }
        compiler = null;
        namespaceLabels = null;
        return groups.isEmpty() ? Set.of() : outdated(concernedByLabels(name, before, namespaceLabels()));
    }

    private Set<PolicySubject> concernedByLabels(String namespace, Endpoints before, Endpoints after) {
        Set<PolicySubject> concerned =
                new HashSet<>(groups.concernedByLabels(namespace, before, after, endpoints.workloadsIn(namespace)));
        for (PolicySubject subject : groups.inNamespace(namespace)) {
            if (clusterNetworkPolicies.values().stream()
                    .anyMatch(policy ->
                            policy.governs(subject.agent(), before) != policy.governs(subject.agent(), after))) {
                concerned.add(subject);
            }
        }
        return concerned;
    }

    private Endpoints namespaceLabels() {
        Endpoints present = namespaceLabels;
        if (present == null) {
            present = Endpoints.of(namespaces, Map.of(), List.of());
            namespaceLabels = present;
        }
        return present;
    }

    /**
     * A NetworkPolicy has changed.
     *
     * @param now null: it is gone
     */
    public synchronized Set<PolicySubject> networkPolicy(String namespace, String name, @Nullable NetworkPolicy now) {
        return ofNamespace(namespace, NetworkPolicies.nameOf(name), now == null ? null : NetworkPolicies.read(now));
    }

    /**
     * An EgressPolicy has changed.
     *
     * @param now null: it is gone
     */
    public synchronized Set<PolicySubject> egressPolicy(String namespace, String name, @Nullable EgressPolicy now) {
        return ofNamespace(namespace, EgressPolicies.nameOf(name), now == null ? null : EgressPolicies.read(now));
    }

    private Set<PolicySubject> ofNamespace(String namespace, String name, @Nullable Policy after) {
        Map<String, Policy> its = ofNamespaces.computeIfAbsent(namespace, _ -> new HashMap<>());
        Policy before = after == null ? its.remove(name) : its.put(name, after);
        if (its.isEmpty()) {
            ofNamespaces.remove(namespace);
        }
        return policy(before, after, groups.inNamespace(namespace));
    }

    /**
     * A ClusterNetworkPolicy has changed.
     *
     * @param now null: it is gone
     */
    public synchronized Set<PolicySubject> clusterNetworkPolicy(String name, @Nullable GenericKubernetesResource now) {
        Policy after = now == null ? null : ClusterNetworkPolicies.read(now);
        Policy before = after == null ? clusterNetworkPolicies.remove(name) : clusterNetworkPolicies.put(name, after);
        return policy(before, after, groups.all());
    }

    /** The names of the ClusterNetworkPolicies that are known. */
    public synchronized Set<String> clusterNetworkPolicies() {
        return Set.copyOf(clusterNetworkPolicies.keySet());
    }

    private Set<PolicySubject> policy(@Nullable Policy before, @Nullable Policy after, Set<PolicySubject> candidates) {
        if (Objects.equals(before, after)) {
            return Set.of();
        }
        compiler = null;
        Set<PolicySubject> concerned = new HashSet<>();
        for (PolicySubject subject : candidates) {
            if (governs(before, subject) || governs(after, subject)) {
                concerned.add(subject);
            }
        }
        return outdated(concerned);
    }

    private boolean governs(@Nullable Policy policy, PolicySubject subject) {
        return policy != null && policy.governs(subject.agent(), namespaceLabels());
    }

    private Set<PolicySubject> concernedBy(KnownEndpoints.Change change) {
        boolean ofNode = change.before() instanceof Endpoint.Node || change.after() instanceof Endpoint.Node;
        if (ofNode) {
            // Every agent is denied its addresses, unless a ClusterNetworkPolicy says otherwise, by its labels.
            boolean sameAddresses = change.before() != null
                    && change.after() != null
                    && change.before().addresses().equals(change.after().addresses());
            return sameAddresses && clusterNetworkPolicies.isEmpty() ? Set.of() : groups.all();
        }
        return groups.concernedBy(workload(change.before()), workload(change.after()), namespaceLabels());
    }

    private static Endpoint.@Nullable Workload workload(@Nullable Endpoint endpoint) {
        return endpoint instanceof Endpoint.Workload workload ? workload : null;
    }

    private Set<PolicySubject> outdated(Set<PolicySubject> concerned) {
        concerned.forEach(groups::remove);
        return Set.copyOf(concerned);
    }

    private PolicyCompiler compiler() {
        PolicyCompiler present = compiler;
        if (present == null) {
            Map<String, List<Policy>> byNamespace = new HashMap<>();
            ofNamespaces.forEach((namespace, policies) -> byNamespace.put(namespace, List.copyOf(policies.values())));
            present = new PolicyCompiler(
                    Policies.ofRead(byNamespace, clusterNetworkPolicies.values()), endpoints.among(namespaces));
            compiler = present;
        }
        return present;
    }
}
