package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.Signals;
import dev.agentcontainers.policy.CompiledPolicy;
import dev.agentcontainers.policy.PolicySubject;
import dev.agentcontainers.policy.box.AddressRanges;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.endpoint.Endpoint;
import dev.agentcontainers.policy.incremental.IncrementalCompiler;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rulesets of the policy groups that nodes use. A change of a policy, an agent, a Pod, a node or a namespace's labels makes
 * those anew that it concerns, and has the nodes looked at that use them. Thread-safe.
 */
@ApplicationScoped
public class Rulesets {
    private static final Logger LOG = LoggerFactory.getLogger(Rulesets.class);

    private final Fleet fleet;
    private final Signals signals;
    private final IncrementalCompiler compiler = new IncrementalCompiler();
    private final Map<PolicySubject, Set<String>> users = new HashMap<>();
    private final Map<String, Set<PolicySubject>> used = new HashMap<>();
    private final Set<ResourceID> agents = ConcurrentHashMap.newKeySet();
    private final Object telling = new Object();

    public Rulesets(Fleet fleet, Signals signals) {
        this.fleet = fleet;
        this.signals = signals;
    }

    /** Takes in all that the caches hold. To be called once they are filled, before anything is compiled. */
    public void fill() {
        fleet.namespaces()
                .forEach(namespace -> namespaceChanged(namespace.getMetadata().getName()));
        fleet.networkPolicies().forEach(policy -> networkPolicyChanged(ResourceID.fromResource(policy)));
        fleet.egressPolicies().forEach(policy -> egressPolicyChanged(ResourceID.fromResource(policy)));
        fleet.agents().forEach(this::agentChanged);
    }

    /** The ruleset of the subject's group, which the node uses from now on. */
    public synchronized CompiledPolicy of(String nodeName, PolicySubject subject) {
        users.computeIfAbsent(subject, _ -> new HashSet<>()).add(nodeName);
        used.computeIfAbsent(nodeName, _ -> new HashSet<>()).add(subject);
        return compiler.compile(subject);
    }

    /** The node uses no groups but those of these subjects. */
    public synchronized void retain(String nodeName, Collection<PolicySubject> subjects) {
        Set<PolicySubject> ofNode = used.getOrDefault(nodeName, Set.of());
        for (PolicySubject subject : List.copyOf(ofNode)) {
            if (!subjects.contains(subject)) {
                ofNode.remove(subject);
                release(nodeName, subject);
            }
        }
        if (ofNode.isEmpty()) {
            used.remove(nodeName);
        }
    }

    private void release(String nodeName, PolicySubject subject) {
        Set<String> nodes = users.get(subject);
        if (nodes != null && nodes.remove(nodeName) && nodes.isEmpty()) {
            users.remove(subject);
            compiler.forget(subject);
        }
    }

    /** An agent is new or has changed. */
    public void agentChanged(AgentContainer agent) {
        agents.add(ResourceID.fromResource(agent));
        tell(endpoint(key(ResourceID.fromResource(agent)), agent, this::agent));
    }

    /** A node speaks for the addresses of its own range and for no others. */
    private Optional<Endpoint.Agent> agent(AgentContainer object) {
        Endpoint.Agent agent = Endpoint.Agent.of(object);
        if (agent.addresses().isEmpty()) {
            return Optional.of(agent);
        }
        Optional<AddressRanges> range = Optional.ofNullable(object.getStatus().nodeName())
                .flatMap(fleet::node)
                .map(node -> node.getSpec())
                .map(spec -> spec.agentCIDR())
                .map(cidr -> AddressRanges.of(Cidr.parse(cidr)));
        List<Cidr> own = agent.addresses().stream()
                .filter(address -> range.filter(its -> its.contains(address)).isPresent())
                .toList();
        if (own.size() < agent.addresses().size()) {
            LOG.warn(
                    "{} has addresses that are not of its node {}: no selector finds it there",
                    agent,
                    object.getStatus().nodeName());
        }
        return Optional.of(agent.withAddresses(own));
    }

    /** An agent is no more. */
    public void agentGone(ResourceID agent) {
        if (agents.remove(agent)) {
            tell(concerned(compiler.endpoint(key(agent), null)));
        }
    }

    /** Drops the agents that have disappeared without being deleted in order. */
    public void dropLostAgents() {
        for (ResourceID agent : agents) {
            if (fleet.agent(agent).isEmpty()) {
                agentGone(agent);
            }
        }
    }

    /** @param now null: the Pod is gone */
    public void podChanged(String key, @Nullable Pod now) {
        tell(
                now == null
                        ? concerned(compiler.endpoint("Pod " + key, null))
                        : endpoint("Pod " + key, now, Endpoint.Pod::of));
    }

    /** @param now null: the Node is gone */
    public void nodeChanged(String key, @Nullable Node now) {
        tell(
                now == null
                        ? concerned(compiler.endpoint("Node " + key, null))
                        : endpoint("Node " + key, now, each -> Optional.of(Endpoint.Node.of(each))));
    }

    /** @param now null: the ClusterNetworkPolicy is gone */
    public void clusterNetworkPolicyChanged(String name, @Nullable GenericKubernetesResource now) {
        tell(concerned(compiler.clusterNetworkPolicy(name, now)));
    }

    /** There are no ClusterNetworkPolicies but those of these names. */
    public void retainClusterNetworkPolicies(Set<String> names) {
        compiler.clusterNetworkPolicies().stream()
                .filter(name -> !names.contains(name))
                .forEach(name -> clusterNetworkPolicyChanged(name, null));
    }

    /** A NetworkPolicy is new, has changed or is gone, as the cache says. */
    public void networkPolicyChanged(ResourceID policy) {
        Set<PolicySubject> changed;
        // Looked up and told as one: another thread's later look must not be told before.
        synchronized (telling) {
            changed = compiler.networkPolicy(
                    policy.getNamespace().orElseThrow(),
                    policy.getName(),
                    fleet.networkPolicy(policy).orElse(null));
        }
        tell(concerned(changed));
    }

    /** An EgressPolicy is new, has changed or is gone, as the cache says. */
    public void egressPolicyChanged(ResourceID policy) {
        Set<PolicySubject> changed;
        synchronized (telling) {
            changed = compiler.egressPolicy(
                    policy.getNamespace().orElseThrow(),
                    policy.getName(),
                    fleet.egressPolicy(policy).orElse(null));
        }
        tell(concerned(changed));
    }

    /** A namespace is new, has other labels or is gone, as the cache says. */
    public void namespaceChanged(String name) {
        Set<PolicySubject> changed;
        synchronized (telling) {
            changed = compiler.namespace(
                    name, fleet.namespace(name).map(Rulesets::labels).orElse(null));
        }
        tell(concerned(changed));
    }

    /** An endpoint that can't be read is nobody: no selector finds it. */
    private <T extends HasMetadata> Set<String> endpoint(
            String key, T object, Function<T, Optional<? extends Endpoint>> reading) {
        @Nullable Endpoint endpoint = null;
        try {
            endpoint = reading.apply(object).orElse(null);
        } catch (IllegalArgumentException e) {
            LOG.warn(
                    "{} {} is nobody to policies: {}",
                    object.getKind(),
                    ResourceID.fromResource(object),
                    e.getMessage());
        }
        return concerned(compiler.endpoint(key, endpoint));
    }

    private synchronized Set<String> concerned(Set<PolicySubject> subjects) {
        Set<String> nodes = new HashSet<>();
        subjects.forEach(subject -> nodes.addAll(users.getOrDefault(subject, Set.of())));
        return nodes;
    }

    private void tell(Set<String> nodes) {
        nodes.forEach(signals::nodeChanged);
    }

    private static Map<String, String> labels(Namespace namespace) {
        return Objects.requireNonNullElse(namespace.getMetadata().getLabels(), Map.of());
    }

    private static String key(ResourceID agent) {
        return "AgentContainer " + agent;
    }
}
