package dev.agentcontainers.operator.agentcontainer;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerStatus;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicy;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicyStatus;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Which changes of a node's policy concern which of its agents. Pure. */
final class PolicyNews {
    private PolicyNews() {}

    /**
     * Whether a change is worth looking at: the node has acknowledged something, or knows other groups. A new ruleset of
     * a known group isn't: the acknowledgement follows in a moment, and until then the kernel holds what status says.
     */
    static boolean isNews(AgentNodePolicy after, AgentNodePolicy before) {
        return !Objects.equals(before.getStatus(), after.getStatus())
                || !names(before).equals(names(after));
    }

    /** Whether the agent's status may have to change: it isn't assigned yet, or says another hash than the kernel holds. */
    static boolean concerns(AgentNodePolicy policy, AgentContainer agent) {
        Optional<AgentContainerStatus.PolicyStatus> said =
                Optional.ofNullable(agent.getStatus()).map(AgentContainerStatus::policy);
        if (said.isEmpty() || policy.getStatus() == null || policy.getStatus().groups() == null) {
            return true;
        }
        return policy.getStatus().groups().stream()
                .filter(group -> Objects.equals(group.name(), said.get().group()))
                .map(AgentNodePolicyStatus.EnforcedGroup::hash)
                .noneMatch(hash -> Objects.equals(hash, said.get().hash())
                        && Objects.equals(hash, publishedHash(policy, said.get().group())));
    }

    private static String publishedHash(AgentNodePolicy policy, String group) {
        return groups(policy).stream()
                .filter(each -> each.name().equals(group))
                .map(AgentNodePolicySpec.Group::hash)
                .findFirst()
                .orElse("");
    }

    private static Set<String> names(AgentNodePolicy policy) {
        return groups(policy).stream().map(AgentNodePolicySpec.Group::name).collect(Collectors.toSet());
    }

    private static List<AgentNodePolicySpec.Group> groups(AgentNodePolicy policy) {
        return policy.getSpec() == null || policy.getSpec().groups() == null
                ? List.of()
                : policy.getSpec().groups();
    }
}
