package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** What an AgentContainer asks for. */
@ApiObject
@JsonClassDescription("What is asked for. Only network, resources and lifecycle can be changed afterwards.")
@ValidationRule(
        value =
                "has(self.platform) == has(oldSelf.platform) && (!has(self.platform) || self.platform == oldSelf.platform)",
        fieldPath = ".platform",
        message = "spec.platform is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "self.isolation == oldSelf.isolation",
        fieldPath = ".isolation",
        message = "spec.isolation is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "self.command == oldSelf.command",
        fieldPath = ".command",
        message = "spec.command is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "has(self.args) == has(oldSelf.args) && (!has(self.args) || self.args == oldSelf.args)",
        fieldPath = ".args",
        message = "spec.args is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "has(self.workingDir) == has(oldSelf.workingDir) && (!has(self.workingDir) || self.workingDir == oldSelf.workingDir)",
        fieldPath = ".workingDir",
        message = "spec.workingDir is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "has(self.env) == has(oldSelf.env) && (!has(self.env) || self.env == oldSelf.env)",
        fieldPath = ".env",
        message = "spec.env is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "has(self.ports) == has(oldSelf.ports) && (!has(self.ports) || self.ports == oldSelf.ports)",
        fieldPath = ".ports",
        message = "spec.ports is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "has(self.filesystem) == has(oldSelf.filesystem) && (!has(self.filesystem) || self.filesystem == oldSelf.filesystem)",
        fieldPath = ".filesystem",
        message = "spec.filesystem is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "has(self.placement) == has(oldSelf.placement) && (!has(self.placement) || self.placement == oldSelf.placement)",
        fieldPath = ".placement",
        message = "spec.placement is immutable: delete and create the AgentContainer again")
public record AgentContainerSpec(
        @Default("{}") @JsonPropertyDescription("Operating system and architecture the agent needs. Immutable.")
        Platform platform,

        @Required
        @JsonPropertyDescription("How strongly the agent is isolated: a class by name, or a minimum level. Immutable.")
        Isolation isolation,

        @Required
        @Size(min = 1, max = 256)
        @JsonPropertyDescription("Program and leading arguments. Not run in a shell. Immutable.")
        List<@Size(max = 4096) String> command,

        @Size(max = 1024) @JsonPropertyDescription("Further arguments. Immutable.")
        List<@Size(max = 8192) String> args,

        @Size(min = 1, max = 4096)
        @ValidationRule(
                value = "self.startsWith('/') && !self.matches('(^|/)[.][.]?(/|$)')",
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

        @Default("{}")
        @JsonPropertyDescription(
                "What the agent may use of the machine. Changeable while it runs where the driver can.")
        Resources resources,

        @JsonPropertyDescription("What the agent sees of files. Immutable.")
        Filesystem filesystem,

        @JsonPropertyDescription("What the agent may reach over the network. Changeable while it runs.")
        Network network,

        @Default("{}") @JsonPropertyDescription("When the agent is restarted and stopped. Changeable while it runs.")
        Lifecycle lifecycle,

        @JsonPropertyDescription("Which nodes may run the agent. Immutable.")
        Placement placement) {}
