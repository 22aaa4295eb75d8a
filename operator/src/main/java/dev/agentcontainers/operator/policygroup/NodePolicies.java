package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.fleet.SpecWrite;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.policy.PolicyCompiler;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Publishes to each node the rulesets of the policy groups that are in use there. A group comes before the first assignment
 * that names it and stays as long as one does; afterwards it goes with the next write. One write for a node, whatever
 * number of its agents a change concerns.
 */
@ApplicationScoped
public class NodePolicies {
    private final KubernetesClient client;
    private final Fleet fleet;
    private final OwnWrites ownWrites;
    private final Leadership leadership;
    private final Set<String> epochWanted = ConcurrentHashMap.newKeySet();

    public NodePolicies(KubernetesClient client, Fleet fleet, OwnWrites ownWrites, Leadership leadership) {
        this.client = client;
        this.fleet = fleet;
        this.ownWrites = ownWrites;
        this.leadership = leadership;
    }

    /** What a publication did. */
    public enum Outcome {
        UNCHANGED,
        WRITTEN,
        /** The cache is behind an own write: what it shows isn't what is there. */
        CACHE_BEHIND
    }

    /** Whether the node knows that group. */
    public boolean isPublished(String nodeName, String group) {
        return fleet.nodePolicy(NodeNamespace.of(nodeName)).stream()
                .flatMap(policy -> groups(policy).stream())
                .anyMatch(each -> each.name().equals(group));
    }

    /**
     * Whether the node knows the epoch of this leader, so that it refuses what an older leader still sends. If not, it
     * is told with the next publication.
     */
    public boolean knowsEpoch(String nodeName) {
        boolean known = fleet.nodePolicy(NodeNamespace.of(nodeName))
                .filter(policy -> policy.getSpec() != null)
                .filter(policy -> policy.getSpec().epoch() >= leadership.epoch())
                .isPresent();
        if (!known) {
            epochWanted.add(nodeName);
        }
        return known;
    }

    /** Writes the node's AgentNodePolicy if it has to change. */
    public Outcome publish(String nodeName) {
        String namespace = NodeNamespace.of(nodeName);
        @Nullable AgentNodePolicy present = fleet.nodePolicy(namespace).orElse(null);
        String key = "nodepolicy/" + namespace;
        if (ownWrites.isMissing(key, present)) {
            return Outcome.CACHE_BEHIND;
        }
        List<AgentNodePolicySpec.Group> wanted = wanted(nodeName, namespace, present);
        if (present == null) {
            if (wanted.isEmpty() && !epochWanted.contains(nodeName)) {
                return Outcome.UNCHANGED;
            }
            AgentNodePolicy created = policy(namespace, wanted);
            ownWrites.created(key, client.resource(created).create());
        } else {
            boolean newEpoch =
                    epochWanted.contains(nodeName) && present.getSpec().epoch() < leadership.epoch();
            if (!newEpoch && covers(groups(present), wanted)) {
                return Outcome.UNCHANGED;
            }
            requireNewestEpoch(present);
            ownWrites.created(
                    key, SpecWrite.replace(client, present, new AgentNodePolicySpec(leadership.epoch(), wanted)));
        }
        epochWanted.remove(nodeName);
        return Outcome.WRITTEN;
    }

    private List<AgentNodePolicySpec.Group> wanted(
            String nodeName, String namespace, @Nullable AgentNodePolicy present) {
        Map<String, AgentNodePolicySpec.Group> groups = new TreeMap<>();
        Map<PolicySubject, AgentNodePolicySpec.Group> compiled = new HashMap<>();
        for (AgentContainer agent : fleet.agentsOn(nodeName)) {
            AgentNodePolicySpec.Group group = compiled.computeIfAbsent(PolicySubject.of(agent), this::compile);
            groups.put(group.name(), group);
        }
        // An assignment may still name the group of labels that its agent no longer has.
        Set<String> named = new HashSet<>();
        for (AgentAssignment assignment : fleet.assignmentsIn(namespace)) {
            named.add(assignment.getSpec().policyGroup());
        }
        if (present != null) {
            groups(present).stream()
                    .filter(group -> named.contains(group.name()))
                    .forEach(group -> groups.putIfAbsent(group.name(), group));
        }
        return new ArrayList<>(groups.values());
    }

    private AgentNodePolicySpec.Group compile(PolicySubject subject) {
        return PolicyCompiler.compile(subject, fleet.networkPoliciesIn(subject.namespace()))
                .asGroup(PolicyGroup.nameOf(subject));
    }

    private AgentNodePolicy policy(String namespace, List<AgentNodePolicySpec.Group> groups) {
        AgentNodePolicy policy = new AgentNodePolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(Api.NODE_POLICY_NAME)
                .withNamespace(namespace)
                .build());
        policy.setSpec(new AgentNodePolicySpec(leadership.epoch(), groups));
        return policy;
    }

    /** Whether everything wanted stands there as wanted; a group that nobody needs any more may wait. */
    private static boolean covers(List<AgentNodePolicySpec.Group> present, List<AgentNodePolicySpec.Group> wanted) {
        return new HashSet<>(present).containsAll(wanted);
    }

    private void requireNewestEpoch(AgentNodePolicy present) {
        if (present.getSpec().epoch() > leadership.epoch()) {
            leadership.lost(
                    "a node has heard of epoch %d".formatted(present.getSpec().epoch()));
        }
    }

    private static List<AgentNodePolicySpec.Group> groups(AgentNodePolicy policy) {
        return policy.getSpec() == null || policy.getSpec().groups() == null
                ? List.of()
                : policy.getSpec().groups();
    }
}
