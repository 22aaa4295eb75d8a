package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** What an AgentContainer asks for. */
@ApiObject
public record AgentContainerSpec(
        @JsonPropertyDescription("Operating system and architecture the agent needs. Immutable.")
        Platform platform,

        @Required
        @JsonPropertyDescription("How strongly the agent is isolated: a class by name, or a minimum level. Immutable.")
        Isolation isolation,

        @Required
        @Size(min = 1, max = 256)
        @JsonPropertyDescription("Program and leading arguments. Not run in a shell. Immutable.")
        List<String> command,

        @Size(max = 1024) @JsonPropertyDescription("Further arguments. Immutable.")
        List<String> args,

        @Size(min = 1, max = 4096)
        @ValidationRule(
                value = "self.startsWith('/') && !self.matches('(^|/)\\\\.\\\\.?(/|$)')",
                message = "must be an absolute path without '.' and '..' segments")
        @JsonPropertyDescription("Working directory, an absolute path inside the agent. Default: /. Immutable.")
        String workingDir,

        @MapList("name") @Size(max = 512) @JsonPropertyDescription("Environment variables. Immutable.")
        List<EnvironmentVariable> env,

        @MapList("name")
        @Size(max = 64)
        @JsonPropertyDescription(
                "Ports that the agent serves; policies may name them. They open nothing by themselves. Immutable.")
        List<AgentPort> ports,

        @JsonPropertyDescription("What the agent may use of the machine.")
        Resources resources,

        @JsonPropertyDescription("What the agent sees of files. Immutable.")
        Filesystem filesystem,

        @JsonPropertyDescription("What the agent may reach over the network. Changeable while it runs.")
        Network network,

        @JsonPropertyDescription("When the agent is restarted and stopped. Changeable while it runs.")
        Lifecycle lifecycle,

        @JsonPropertyDescription("Which nodes may run the agent. Immutable.")
        Placement placement) {}
