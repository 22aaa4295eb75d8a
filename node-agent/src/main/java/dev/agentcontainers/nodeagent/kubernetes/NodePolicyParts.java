package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Group;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.nodeagent.journal.PolicySnapshot;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** The AgentNodePolicies that together are the node's policy, by name. */
record NodePolicyParts(List<AgentNodePolicy> parts) {
    private static final String FURTHER = Api.NODE_POLICY_NAME + "-";

    NodePolicyParts {
        parts = List.copyOf(parts);
    }

    /** Those seen now, and of those known before the ones that are gone: what they say stays in force. */
    static NodePolicyParts of(Collection<AgentNodePolicy> seen, Optional<NodePolicyParts> before) {
        Map<String, AgentNodePolicy> byName = new TreeMap<>();
        before.ifPresent(known ->
                known.parts().forEach(part -> byName.put(part.getMetadata().getName(), part)));
        seen.stream()
                .filter(NodePolicyParts::isPart)
                .forEach(part -> byName.put(part.getMetadata().getName(), part));
        return new NodePolicyParts(List.copyOf(byName.values()));
    }

    private static boolean isPart(AgentNodePolicy policy) {
        String name = policy.getMetadata().getName();
        return name.equals(Api.NODE_POLICY_NAME) || name.startsWith(FURTHER);
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    boolean isOne() {
        return parts.size() == 1;
    }

    /** The part of the same name, in the form that it has here. */
    Optional<AgentNodePolicy> named(AgentNodePolicy other) {
        return parts.stream()
                .filter(part ->
                        part.getMetadata().getName().equals(other.getMetadata().getName()))
                .filter(part ->
                        part.getMetadata().getUid().equals(other.getMetadata().getUid()))
                .findFirst();
    }

    /** The sum of the generations; grows with each change of a part. */
    long revision() {
        return parts.stream()
                .mapToLong(part -> part.getMetadata().getGeneration())
                .sum();
    }

    /** The union. A group that stands in two parts is on its way from one to the other: the one written later counts. */
    PolicySnapshot snapshot() {
        Map<String, Group> groups = new TreeMap<>();
        parts.stream()
                .sorted(Comparator.comparingLong(NodePolicyParts::sequence))
                .forEach(part -> groups(part).forEach(group -> groups.put(group.name(), group)));
        long epoch =
                parts.stream().mapToLong(part -> part.getSpec().epoch()).max().orElse(0);
        return new PolicySnapshot(revision(), new AgentNodePolicySpec(epoch, List.copyOf(groups.values())));
    }

    static List<Group> groups(AgentNodePolicy part) {
        List<Group> groups = part.getSpec().groups();
        return groups == null ? List.of() : groups;
    }

    private static long sequence(AgentNodePolicy part) {
        Long sequence = part.getSpec().sequence();
        return sequence == null ? 0 : sequence;
    }

    private List<Version> versions() {
        return parts.stream()
                .map(part -> new Version(
                        part.getMetadata().getName(),
                        part.getMetadata().getUid(),
                        part.getMetadata().getGeneration()))
                .toList();
    }

    /** Equal where the parts are of the same generations: a new status is no news. */
    @Override
    public boolean equals(Object other) {
        return other instanceof NodePolicyParts that && versions().equals(that.versions());
    }

    @Override
    public int hashCode() {
        return Objects.hash(versions());
    }

    private record Version(String name, String uid, long generation) {}
}
