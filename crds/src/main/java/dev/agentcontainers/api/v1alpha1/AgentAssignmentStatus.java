package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.List;

/** What a node agent reports of one agent. */
@ApiObject
@JsonClassDescription("What the node agent reports of the agent.")
public record AgentAssignmentStatus(
        @JsonPropertyDescription("The phase.") AssignmentPhase phase,

        @JsonPropertyDescription("Generation of the assignment that this speaks of.")
        Long observedGeneration,

        @JsonPropertyDescription("Generation of the AgentContainer that is applied.")
        Long agentGeneration,

        @JsonPropertyDescription("Reason of the phase, in CamelCase.")
        String reason,

        @JsonPropertyDescription("The reason for people: what step, what was found, what would help.")
        String message,

        @JsonPropertyDescription("Address of the agent.") String address,

        @JsonPropertyDescription("Level established for the driver on this node.")
        IsolationLevel strength,

        @JsonPropertyDescription("The policy in the kernel, read back from it.")
        Policy policy,

        @JsonPropertyDescription("Exit code of the last run that ended; 128 plus the signal for a killed one.")
        Integer exitCode,

        @JsonPropertyDescription("How often the agent was started again.")
        Integer restarts,

        @JsonPropertyDescription("When each stage was first reached.")
        AgentContainerStatus.Transitions transitions,

        @JsonPropertyDescription("What the agent was let do and denied in the network.")
        AgentContainerStatus.Egress egress,

        @JsonPropertyDescription(
                "Digest of the manifest of the image that the agent runs, for example sha256:... ; none without an image.")
        String imageDigest,

        @JsonPropertyDescription("Why its isolation is not what its driver promises; none where it is.")
        String weakness,

        @JsonPropertyDescription("What the probes of the run say; none without probes, and where nothing runs.")
        Availability availability,

        @MapList("path")
        @Size(max = 64)
        @JsonPropertyDescription(
                "Images that are mounted in the agent, by the mounts' paths; none without such mounts.")
        List<AgentContainerStatus.MountedImage> mountedImages,

        @JsonPropertyDescription(
                "What the agent used in the run that there is, as of when something else was last said here, or, where it does not run, in the whole of its last run; none where the node can't tell.")
        AgentContainerStatus.Usage usage) {

    /** Of an agent without mounts of images, of which it is not known what it used. */
    public AgentAssignmentStatus(
            AssignmentPhase phase,
            Long observedGeneration,
            Long agentGeneration,
            String reason,
            String message,
            String address,
            IsolationLevel strength,
            Policy policy,
            Integer exitCode,
            Integer restarts,
            AgentContainerStatus.Transitions transitions,
            AgentContainerStatus.Egress egress,
            String imageDigest,
            String weakness,
            Availability availability) {
        this(
                phase,
                observedGeneration,
                agentGeneration,
                reason,
                message,
                address,
                strength,
                policy,
                exitCode,
                restarts,
                transitions,
                egress,
                imageDigest,
                weakness,
                availability,
                null,
                null);
    }

    /** Of an agent without mounts of images and without probes, of which it is not known what it used. */
    public AgentAssignmentStatus(
            AssignmentPhase phase,
            Long observedGeneration,
            Long agentGeneration,
            String reason,
            String message,
            String address,
            IsolationLevel strength,
            Policy policy,
            Integer exitCode,
            Integer restarts,
            AgentContainerStatus.Transitions transitions,
            AgentContainerStatus.Egress egress,
            String imageDigest,
            String weakness) {
        this(
                phase,
                observedGeneration,
                agentGeneration,
                reason,
                message,
                address,
                strength,
                policy,
                exitCode,
                restarts,
                transitions,
                egress,
                imageDigest,
                weakness,
                null,
                null,
                null);
    }

    /** What an agent's probes say. */
    @ApiObject
    public record Availability(
            @JsonPropertyDescription("Whether the agent has started and is ready.")
            Boolean available,

            @JsonPropertyDescription("Reason, in CamelCase.")
            String reason,

            @Size(max = 1024)
            @JsonPropertyDescription("The reason for people: which probe, and how its last attempt failed.")
            String message) {}

    /** The policy in the kernel. */
    @ApiObject
    public record Policy(
            @JsonPropertyDescription("The policy group.") String group,
            @JsonPropertyDescription("Hash of its ruleset.") String hash,

            @JsonPropertyDescription(
                    "Revision of the node's policy in which it was put into force: the sum of the generations of its"
                            + " AgentNodePolicies.")
            Long revision) {}
}
