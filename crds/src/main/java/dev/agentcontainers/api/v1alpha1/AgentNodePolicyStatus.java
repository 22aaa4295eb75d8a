package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;

/** What the node's kernel holds. */
@ApiObject
public record AgentNodePolicyStatus(
        @JsonPropertyDescription("Generation of the AgentNodePolicy that is in force.")
        Long observedGeneration,

        @MapList("name") @JsonPropertyDescription("The groups in the kernel with the hash read back from it.")
        List<EnforcedGroup> groups,

        @JsonPropertyDescription("Why the newest generation is not in force, if it is not.")
        String message) {

    /** A group in the kernel. */
    @ApiObject
    public record EnforcedGroup(String name, String hash) {}
}
