package dev.agentcontainers.operator.policygroup;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.fleet.NodeNamespace;
import dev.agentcontainers.operator.fleet.NodePolicy;
import dev.agentcontainers.operator.fleet.OwnWrites;
import dev.agentcontainers.operator.fleet.SpecWrite;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.status.StatusRollup;
import dev.agentcontainers.policy.PolicyGroup;
import dev.agentcontainers.policy.PolicySubject;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Publishes to each node the rulesets of the policy groups that are in use there. A group comes before the first assignment
 * that names it and stays as long as one does that isn't over; afterwards it goes with the next write. One write for a node,
 * whatever number of its agents a change concerns; more only where the groups of a node take more than one object.
 */
@ApplicationScoped
public class NodePolicies {
    private final KubernetesClient client;
    private final Fleet fleet;
    private final Rulesets rulesets;
    private final OwnWrites ownWrites;
    private final Leadership leadership;
    /** Why groups could not be written, by node and group. */
    private final Map<String, Map<String, String>> refusals = new ConcurrentHashMap<>();

    private final Set<String> epochWanted = ConcurrentHashMap.newKeySet();

    public NodePolicies(
            KubernetesClient client,
            Fleet fleet,
            Rulesets rulesets,
            OwnWrites ownWrites,
            Leadership leadership,
            MeterRegistry meters) {
        this.client = client;
        this.fleet = fleet;
        this.rulesets = rulesets;
        this.ownWrites = ownWrites;
        this.leadership = leadership;
        Gauge.builder("agentcontainers.node.policies.refused", refusals, Map::size)
                .description("Nodes whose newest policy the API server refuses to store; they go on with an older one")
                .register(meters);
    }

    /** What a publication did. */
    public enum Outcome {
        UNCHANGED,
        WRITTEN,
        /** The API server will not take some of it, see {@link #refusals}. */
        REFUSED,
        /** The cache is behind an own write: what it shows isn't what is there. */
        CACHE_BEHIND
    }

    /** Whether the node knows that group. */
    public boolean isPublished(String nodeName, String group) {
        return fleet.nodePolicy(NodeNamespace.of(nodeName)).group(group).isPresent();
    }

    /**
     * Whether the node has that subject's group with the rules that the policies give now. A group that no agent needed for a
     * while may stand there with older, looser ones.
     */
    public boolean isCurrent(String nodeName, PolicySubject subject) {
        return fleet.nodePolicy(NodeNamespace.of(nodeName))
                .group(PolicyGroup.nameOf(subject))
                .filter(published ->
                        published.hash().equals(rulesets.of(nodeName, subject).hash()))
                .isPresent();
    }

    /**
     * Why that group could not be written to the node with its newest content; empty where it could, or was not tried. Told by the
     * API server, and not cured by trying again.
     */
    public Optional<String> refusal(String nodeName, String group) {
        return Optional.ofNullable(refusals(nodeName).get(group));
    }

    /** The same of all groups of the node for which it is so, by group. */
    public Map<String, String> refusals(String nodeName) {
        return refusals.getOrDefault(nodeName, Map.of());
    }

    /** Forgets a node that is no more. */
    public void forget(String nodeName) {
        refusals.remove(nodeName);
        epochWanted.remove(nodeName);
        rulesets.retain(nodeName, Set.of());
    }

    /**
     * Whether the node knows the epoch of this leader, so that it refuses what an older leader still sends. If not, it
     * is told with the next publication.
     */
    public boolean knowsEpoch(String nodeName) {
        boolean known = fleet.nodePolicy(NodeNamespace.of(nodeName))
                .epoch()
                .filter(epoch -> epoch >= leadership.epoch())
                .isPresent();
        if (!known) {
            epochWanted.add(nodeName);
        }
        return known;
    }

    /**
     * Writes those of the node's AgentNodePolicies that have to change. What the API server refuses of them stays as it was, and keeps
     * nothing else back.
     */
    public Outcome publish(String nodeName) {
        String namespace = NodeNamespace.of(nodeName);
        NodePolicy present = fleet.nodePolicy(namespace);
        if (isCacheBehind(namespace, present)) {
            return Outcome.CACHE_BEHIND;
        }
        List<PolicyParts.Change> changes = PolicyParts.changes(present, wanted(nodeName, namespace, present));
        boolean newEpoch = epochWanted.contains(nodeName)
                && present.epoch().filter(epoch -> epoch >= leadership.epoch()).isEmpty();
        if (changes.isEmpty() && newEpoch) {
            changes = List.of(new PolicyParts.Change(0, present.counting(0), false));
        }
        if (changes.isEmpty()) {
            refusals.remove(nodeName);
            return Outcome.UNCHANGED;
        }
        requireNewestEpoch(present);
        PartStore store = new PartStore(namespace, present);
        PartWrites writes = new PartWrites(present, store);
        writes.write(changes);
        if (writes.allTaken()) {
            refusals.remove(nodeName);
            epochWanted.remove(nodeName);
            return Outcome.WRITTEN;
        }
        refusals.put(nodeName, writes.refused());
        if (newEpoch && !writes.written()) {
            // With what is there already.
            store.write(0, present.counting(0));
        }
        return Outcome.REFUSED;
    }

    private boolean isCacheBehind(String namespace, NodePolicy present) {
        // One more than there are: a further part may have been made a moment ago.
        int last = present.parts().isEmpty() ? 0 : present.parts().lastKey() + 1;
        return IntStream.rangeClosed(0, last)
                .anyMatch(number -> ownWrites.isMissing(
                        key(namespace, number), present.part(number).orElse(null)));
    }

    /** Writes of one publication. */
    private final class PartStore implements PartWrites.Store {
        private final String namespace;
        private final Map<Integer, AgentNodePolicy> parts;
        private long sequence;

        PartStore(String namespace, NodePolicy present) {
            this.namespace = namespace;
            this.parts = new TreeMap<>(present.parts());
            this.sequence = present.sequence();
        }

        @Override
        public Optional<String> write(int number, List<AgentNodePolicySpec.Group> groups) {
            sequence++;
            AgentNodePolicySpec spec = new AgentNodePolicySpec(leadership.epoch(), groups, sequence);
            AgentNodePolicy part = parts.get(number);
            AgentNodePolicy written;
            try {
                written = part == null
                        ? client.resource(policy(namespace, number, spec)).create()
                        : SpecWrite.replace(client, part, spec);
            } catch (KubernetesClientException e) {
                return Optional.of(refusal(e).orElseThrow(() -> e));
            }
            parts.put(number, written);
            ownWrites.created(key(namespace, number), written);
            return Optional.empty();
        }
    }

    /** What the API server, or its storage, says of an object that it will never take. */
    private static Optional<String> refusal(KubernetesClientException refused) {
        String message = String.valueOf(refused.getMessage());
        return message.contains("request is too large") || message.contains("Too long")
                ? Optional.of(message)
                : SpecWrite.invalid(refused);
    }

    private Map<String, AgentNodePolicySpec.Group> wanted(String nodeName, String namespace, NodePolicy present) {
        Map<String, AgentNodePolicySpec.Group> groups = new TreeMap<>();
        Set<PolicySubject> subjects = new HashSet<>();
        for (AgentContainer agent : fleet.agentsOn(nodeName)) {
            // What is over needs no policy any more; what of it may still run is kept by its assignment below.
            if (agent.getStatus() == null
                    || !StatusRollup.isFinal(agent.getStatus().phase())) {
                subjects.add(PolicySubject.of(agent));
            }
        }
        rulesets.retain(nodeName, subjects);
        for (PolicySubject subject : subjects) {
            String name = PolicyGroup.nameOf(subject);
            groups.put(name, rulesets.of(nodeName, subject).asGroup(name));
        }
        // An assignment may still name the group of labels that its agent no longer has.
        for (AgentAssignment assignment : fleet.assignmentsIn(namespace)) {
            String named = assignment.getSpec().policyGroup();
            if (!isOver(assignment)) {
                present.group(named).ifPresent(group -> groups.putIfAbsent(named, group));
            }
        }
        return groups;
    }

    private static boolean isOver(AgentAssignment assignment) {
        if (assignment.getStatus() == null || assignment.getStatus().phase() == null) {
            return false;
        }
        return switch (assignment.getStatus().phase()) {
            case Succeeded, Failed, Rejected, Stopped -> true;
            case Preparing, Running, Suspended, Stopping -> false;
        };
    }

    private static AgentNodePolicy policy(String namespace, int number, AgentNodePolicySpec spec) {
        AgentNodePolicy policy = new AgentNodePolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(NodePolicy.nameOf(number))
                .withNamespace(namespace)
                .build());
        policy.setSpec(spec);
        return policy;
    }

    private void requireNewestEpoch(NodePolicy present) {
        present.epoch()
                .filter(heard -> heard > leadership.epoch())
                .ifPresent(heard -> leadership.lost("a node has heard of epoch %d".formatted(heard)));
    }

    private static String key(String namespace, int number) {
        return "nodepolicy/" + namespace + "/" + number;
    }
}
