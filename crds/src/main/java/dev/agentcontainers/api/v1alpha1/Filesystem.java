package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/** What an agent sees of files. */
@ApiObject
public record Filesystem(
        @MapList("path")
        @Size(max = 64)
        @JsonPropertyDescription("Mounts over the root filesystem; the most specific path wins.")
        List<Mount> mounts) {

    /** One path of the agent's filesystem. */
    @ApiObject
    @ValidationRule(
            value = "(self.access == 'Denied') != has(self.source)",
            message = "source is required unless access is Denied, and must be absent then")
    @ValidationRule(
            value =
                    "!(self.access == 'ReadWrite' && has(self.source) && (has(self.source.configMap) || has(self.source.secret)))",
            message = "a configMap or secret can only be mounted with access ReadOnly")
    public record Mount(
            @Required
            @Size(min = 2, max = 1024)
            @ValidationRule(
                    value = "self.matches('^(/[^/]+)+$') && !self.matches('(^|/)[.][.]?(/|$)')",
                    message =
                            "must be an absolute path other than /, without '.', '..', empty segments and trailing slash")
            @ValidationRule(
                    value = "!self.matches('^/(proc|sys|dev)(/|$)')",
                    message = "must not be in /proc, /sys or /dev")
            @JsonPropertyDescription("Absolute path inside the agent.")
            String path,

            @Default("ReadOnly")
            @JsonPropertyDescription("ReadOnly, ReadWrite or Denied (nothing is seen there). Default: ReadOnly.")
            MountAccess access,

            @JsonPropertyDescription("Where the content comes from.")
            Source source) {}

    /** Where a mount's content comes from; exactly one is set. */
    @ApiObject
    @ValidationRule(
            value = "[has(self.workspace), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",
            message = "set exactly one of workspace, configMap and secret")
    public record Source(
            @JsonPropertyDescription(
                    "A directory of the agent's own, empty at first, kept over restarts and removed with the agent.")
            Workspace workspace,

            @JsonPropertyDescription("The keys of a ConfigMap in the AgentContainer's namespace, as files.")
            ConfigMapSource configMap,

            @JsonPropertyDescription("The keys of a Secret in the AgentContainer's namespace, as files in memory.")
            SecretSource secret) {}

    /** A directory of the agent's own. */
    @ApiObject
    public record Workspace() {}

    /** A ConfigMap by name. */
    @ApiObject
    public record ConfigMapSource(
            @Required
            @Size(min = 1, max = 253)
            @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
            @JsonPropertyDescription("Name of the ConfigMap.")
            String name) {}

    /** A Secret by name. */
    @ApiObject
    public record SecretSource(
            @Required
            @Size(min = 1, max = 253)
            @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
            @JsonPropertyDescription("Name of the Secret.")
            String secretName) {}
}
