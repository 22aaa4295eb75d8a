package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/** One agent's work for a node: everything the node agent needs, with references resolved to its own namespace. */
@ApiObject
@JsonClassDescription("Everything the node agent needs, with references resolved to the node's own namespace.")
@ValidationRule(
        value = "has(self.image) || has(self.command)",
        fieldPath = ".command",
        message = "set command, or image: without an image the command names one of the node's own programs")
public record AgentAssignmentSpec(
        @Required @JsonPropertyDescription("The AgentContainer that this is for.")
        AgentReference agent,

        @Required @JsonPropertyDescription("Epoch of the operator's leader that wrote this.")
        Long epoch,

        @Required @JsonPropertyDescription("The isolation class and its driver.")
        Driver driver,

        @JsonPropertyDescription("The image; absent where the agent runs the node's own programs.")
        Image image,

        @Size(min = 1, max = 256)
        @JsonPropertyDescription("Program and arguments; absent where the image's entrypoint is run.")
        List<@Size(max = 4096) String> command,

        @Size(max = 1024) @JsonPropertyDescription("Further arguments.")
        List<@Size(max = 8192) String> args,

        @JsonPropertyDescription("Working directory. Default: the image's, / without one.")
        String workingDir,

        @JsonPropertyDescription("Environment; references point to copies in this namespace.")
        @MapList("name")
        @Size(max = 512)
        List<EnvironmentVariable> env,

        @MapList("name") @Size(max = 64) @JsonPropertyDescription("Ports that the agent serves.")
        List<AgentPort> ports,

        @Required @JsonPropertyDescription("Resources, with requests filled in.")
        Resources resources,

        @MapList("path") @Size(max = 64) @JsonPropertyDescription("Mounts; sources point to copies in this namespace.")
        List<Filesystem.Mount> mounts,

        @Required @JsonPropertyDescription("Lifecycle, with defaults filled in.")
        Lifecycle lifecycle,

        @JsonPropertyDescription("Probes, whose ports may be names of ports of this assignment.")
        Probes probes,

        @Required @JsonPropertyDescription("The policy group in the node's AgentNodePolicy.")
        String policyGroup,

        @Size(max = 16)
        @JsonPropertyDescription(
                "For images that are mounted: names of Secrets in this namespace with a key .dockerconfigjson, in the order in which they are tried.")
        List<@Size(max = 253) String> mountPullSecrets,

        @JsonPropertyDescription("That the agent is a user who is logged in.")
        Session session) {

    /** Without mounts of images and a session. */
    public AgentAssignmentSpec(
            AgentReference agent,
            Long epoch,
            Driver driver,
            Image image,
            List<String> command,
            List<String> args,
            String workingDir,
            List<EnvironmentVariable> env,
            List<AgentPort> ports,
            Resources resources,
            List<Filesystem.Mount> mounts,
            Lifecycle lifecycle,
            Probes probes,
            String policyGroup) {
        this(
                agent,
                epoch,
                driver,
                image,
                command,
                args,
                workingDir,
                env,
                ports,
                resources,
                mounts,
                lifecycle,
                probes,
                policyGroup,
                null,
                null);
    }

    /** Without mounts of images, a session and probes. */
    public AgentAssignmentSpec(
            AgentReference agent,
            Long epoch,
            Driver driver,
            Image image,
            List<String> command,
            List<String> args,
            String workingDir,
            List<EnvironmentVariable> env,
            List<AgentPort> ports,
            Resources resources,
            List<Filesystem.Mount> mounts,
            Lifecycle lifecycle,
            String policyGroup) {
        this(
                agent,
                epoch,
                driver,
                image,
                command,
                args,
                workingDir,
                env,
                ports,
                resources,
                mounts,
                lifecycle,
                null,
                policyGroup,
                null,
                null);
    }

    /** The AgentContainer that an assignment is for. */
    @ApiObject
    public record AgentReference(
            @Required @JsonPropertyDescription("Its namespace.")
            String namespace,

            @Required @JsonPropertyDescription("Its name.") String name,

            @Required @JsonPropertyDescription("Its UID.") String uid,

            @Required @JsonPropertyDescription("The generation that this was made from.")
            Long generation) {}

    /** What the agent runs from. */
    @ApiObject
    public record Image(
            @Required @Size(min = 1, max = 512) @JsonPropertyDescription("The image, as the AgentContainer names it.")
            String reference,

            @JsonPropertyDescription(
                    "When the registry is asked. Default: Always for the tag latest or none, else IfNotPresent.")
            ImagePullPolicy pullPolicy,

            @Size(max = 16)
            @JsonPropertyDescription(
                    "Names of Secrets in this namespace with a key .dockerconfigjson, in the order in which they are tried.")
            List<@Size(max = 253) String> pullSecrets) {}

    /** The isolation class and its driver. */
    @ApiObject
    public record Driver(
            @Required @JsonPropertyDescription("Name of the IsolationClass.")
            String className,

            @Required @JsonPropertyDescription("Name of the driver.")
            String name,

            @Size(max = 32) @JsonPropertyDescription("Parameters of the class.")
            Map<@Size(max = 63) String, @Size(max = 1024) String> parameters,

            @JsonPropertyDescription(
                    "The level that the driver must have established on the node: an agent is not begun while it counts for less. Absent in assignments of older operators, which asked for none.")
            IsolationLevel level) {

        /** For which no level is asked. */
        public Driver(String className, String name, Map<String, String> parameters) {
            this(className, name, parameters, null);
        }
    }
}
