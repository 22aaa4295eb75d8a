package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.agentcontainers.api.v1alpha1.Network.EgressRule;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.List;

/** Whom a policy selects, and what it allows them. */
@ApiObject
@JsonClassDescription("Whom the policy selects, and what it allows them.")
public record EgressPolicySpec(
        @Required
        @JsonPropertyDescription(
                "AgentContainers of the policy's namespace, by labels; empty: all. They reach what the NetworkPolicies, EgressPolicies and rules of their own allow together, and nothing else.")
        LabelSelector agentSelector,

        @MapList("name")
        @Size(max = 64)
        @JsonPropertyDescription(
                "What is allowed, added to what other policies and rules allow. None: this policy allows nothing.")
        List<EgressRule> egress) {}
