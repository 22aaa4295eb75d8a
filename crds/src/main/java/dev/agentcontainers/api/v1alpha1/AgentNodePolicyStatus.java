package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** What the node's kernel holds. */
@ApiObject
@JsonClassDescription("What the node's kernel holds.")
public record AgentNodePolicyStatus(
        @JsonPropertyDescription("Generation of the AgentNodePolicy that is in force.")
        Long observedGeneration,

        @MapList("name")
        @Size(max = 4096)
        @JsonPropertyDescription("The groups in the kernel with the hash read back from it.")
        List<EnforcedGroup> groups,

        @JsonPropertyDescription("Why the newest generation is not in force, if it is not.")
        String message,

        @JsonPropertyDescription(
                "Revision of the node's policy as a whole that this speaks of: the sum of the generations of its"
                        + " AgentNodePolicies.")
        Long revision) {

    /** Of the only AgentNodePolicy of a node, whose generation is the revision. */
    public AgentNodePolicyStatus(Long observedGeneration, List<EnforcedGroup> groups, String message) {
        this(observedGeneration, groups, message, null);
    }

    /** A group in the kernel. */
    @ApiObject
    public record EnforcedGroup(
            @Required @JsonPropertyDescription("The group.") String name,

            @JsonPropertyDescription("Hash of the ruleset in the kernel.")
            String hash) {}
}
