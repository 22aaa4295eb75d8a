package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import java.util.List;
import java.util.Map;

/** One agent's work for a node: everything the node agent needs, with references resolved to its own namespace. */
@ApiObject
public record AgentAssignmentSpec(
        @Required @JsonPropertyDescription("The AgentContainer that this is for.")
        AgentReference agent,

        @Required @JsonPropertyDescription("Epoch of the operator's leader that wrote this.")
        Long epoch,

        @Required @JsonPropertyDescription("The isolation class and its driver.")
        Driver driver,

        @Required @JsonPropertyDescription("Program and arguments.")
        List<String> command,

        @JsonPropertyDescription("Further arguments.") List<String> args,
        @JsonPropertyDescription("Working directory.") String workingDir,

        @JsonPropertyDescription("Environment; references point to copies in this namespace.") @MapList("name")
        List<EnvironmentVariable> env,

        @MapList("name") @JsonPropertyDescription("Ports that the agent serves.")
        List<AgentPort> ports,

        @Required @JsonPropertyDescription("Resources, with requests filled in.")
        Resources resources,

        @MapList("path") @JsonPropertyDescription("Mounts; sources point to copies in this namespace.")
        List<Filesystem.Mount> mounts,

        @Required @JsonPropertyDescription("Lifecycle, with defaults filled in.")
        Lifecycle lifecycle,

        @Required @JsonPropertyDescription("The policy group in the node's AgentNodePolicy.")
        String policyGroup) {

    /** The AgentContainer that an assignment is for. */
    @ApiObject
    public record AgentReference(
            @Required String namespace,
            @Required String name,
            @Required String uid,
            @Required Long generation) {}

    /** The isolation class and its driver. */
    @ApiObject
    public record Driver(
            @Required String className, @Required String name, Map<String, String> parameters) {}
}
