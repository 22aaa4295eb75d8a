package dev.agentcontainers.operator.status;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentStatus;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import dev.agentcontainers.operator.fleet.NodePolicy;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an agent that is bound to a node.
 *
 * @param policyGroup the group that its labels and rules of now belong to
 * @param assignment its assignment on that node
 * @param nodePolicy the policy of that node
 * @param hold why there is no assignment yet
 */
public record Observation(
        AgentContainer agent,
        String policyGroup,
        Optional<AgentAssignment> assignment,
        NodePolicy nodePolicy,
        NodeState node,
        Optional<Hold> hold) {

    Optional<AgentAssignmentStatus> report() {
        return assignment.map(AgentAssignment::getStatus);
    }

    /** The ruleset that was compiled for the agent and published to its node. */
    Optional<AgentNodePolicySpec.Group> published() {
        return nodePolicy.group(policyGroup);
    }

    /**
     * The policy that the node's kernel holds for the agent: what was read back for it, or the node's newer acknowledgement
     * where that gives the same group another ruleset. One that repeats the ruleset in a later revision says nothing new.
     * Empty until the agent is behind its fence.
     */
    Optional<AgentAssignmentStatus.Policy> enforced() {
        return report().map(AgentAssignmentStatus::policy)
                .map(forAgent -> acknowledged(forAgent.group())
                        .filter(later -> revision(later) > revision(forAgent))
                        .filter(later -> !Objects.equals(later.hash(), forAgent.hash()))
                        .orElse(forAgent));
    }

    private Optional<AgentAssignmentStatus.Policy> acknowledged(String group) {
        Optional<AgentNodePolicyStatus> status = nodePolicy.partWith(group).map(AgentNodePolicy::getStatus);
        return status.map(AgentNodePolicyStatus::groups).stream()
                .flatMap(groups -> groups.stream())
                .filter(each -> Objects.equals(each.name(), group))
                .findFirst()
                .map(each -> new AgentAssignmentStatus.Policy(group, each.hash(), revision(status.get())));
    }

    /** A node whose policy has one part need not say the revision: it is the part's generation. */
    private static @Nullable Long revision(AgentNodePolicyStatus status) {
        return status.revision() == null ? status.observedGeneration() : status.revision();
    }

    private static long revision(AgentAssignmentStatus.Policy policy) {
        return policy.revision() == null ? -1 : policy.revision();
    }
}
