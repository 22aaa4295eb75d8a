package dev.agentcontainers.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;

/** What an agent sees of files. */
@ApiObject
@ValidationRule(
        value = "!has(self.mounts) || self.mounts.filter(m, " + Filesystem.IS_PART + ").size() <= 8",
        fieldPath = ".mounts",
        message =
                "at most 8 emptyDirs on the disk can have a sizeLimit: leave it out where they may share what is left of limits.ephemeral-storage")
public record Filesystem(
        @MapList("path")
        @Size(max = 64)
        @JsonPropertyDescription("Mounts over the root filesystem; the most specific path wins.")
        List<Mount> mounts) {

    /** CEL: the mount m is an emptyDir on the disk with a limit of its own, which is a part of limits.ephemeral-storage. */
    static final String IS_PART =
            "has(m.source) && has(m.source.emptyDir) && has(m.source.emptyDir.sizeLimit) && (!has(m.source.emptyDir.medium) || m.source.emptyDir.medium != 'Memory')";

    /** CEL: the agent writes into the mount m, to what limits.ephemeral-storage has beside its parts. */
    static final String IS_SHARED =
            "m.access == 'ReadWrite' && has(m.source) && (has(m.source.workspace) || (has(m.source.emptyDir) && !has(m.source.emptyDir.sizeLimit) && (!has(m.source.emptyDir.medium) || m.source.emptyDir.medium != 'Memory')))";

    /** CEL: the field is a path that says where it leads. */
    private static final String IS_PLAIN_PATH = "self.matches('^(/[^/]+)+$') && !self.matches('(^|/)[.][.]?(/|$)')";

    private static final String PLAIN_PATH =
            "must be an absolute path other than /, without '.', '..', empty segments and trailing slash";

    /** CEL: the path does not lead into the kernel's own filesystems. */
    private static final String IS_NO_KERNELS = "!self.matches('^/(proc|sys|dev)(/|$)')";

    private static final String NO_KERNELS = "must not be in /proc, /sys or /dev";

    /** One path of the agent's filesystem. */
    @ApiObject
    @ValidationRule(
            value = "(self.access == 'Denied') != has(self.source)",
            message = "source is required unless access is Denied, and must be absent then")
    @ValidationRule(
            value =
                    "!(self.access == 'ReadWrite' && has(self.source) && (has(self.source.configMap) || has(self.source.secret)))",
            message = "a configMap or secret can only be mounted with access ReadOnly")
    @ValidationRule(
            value = "!has(self.source) || !has(self.source.emptyDir) || self.access == 'ReadWrite'",
            message = "an emptyDir can only be mounted with access ReadWrite: nobody but the agent fills it")
    @ValidationRule(
            value = "!(self.access == 'ReadWrite' && has(self.source) && has(self.source.image))",
            message =
                    "an image can only be mounted with access ReadOnly: its files are those of every agent that has it")
    public record Mount(
            @Required
            @Size(min = 2, max = 1024)
            @ValidationRule(value = IS_PLAIN_PATH, message = PLAIN_PATH)
            @ValidationRule(value = IS_NO_KERNELS, message = NO_KERNELS)
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
            value =
                    "[has(self.workspace), has(self.emptyDir), has(self.hostPath), has(self.image), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",
            message = "set exactly one of workspace, emptyDir, hostPath, image, configMap and secret")
    public record Source(
            @JsonPropertyDescription(
                    "A directory of the agent's own, empty at first, kept over restarts and removed with the agent.")
            Workspace workspace,

            @JsonPropertyDescription("A directory of the agent's own, empty at first, on the node's disk or in memory.")
            EmptyDir emptyDir,

            @JsonPropertyDescription(
                    "A directory of the node, where the node agent's setting agentcontainers.node.host-mounts lets agents have it.")
            HostPath hostPath,

            @JsonPropertyDescription(
                    "The files of an OCI image, as the node pulls and keeps images of agents. Nothing of it is run by being mounted.")
            ImageSource image,

            @JsonPropertyDescription("The keys of a ConfigMap in the AgentContainer's namespace, as files.")
            ConfigMapSource configMap,

            @JsonPropertyDescription("The keys of a Secret in the AgentContainer's namespace, as files in memory.")
            SecretSource secret) {
        /** A directory of the agent's own. */
        public static Source from(Workspace workspace) {
            return new Source(workspace, null, null, null, null, null);
        }

        /** A directory that is empty at first. */
        public static Source from(EmptyDir emptyDir) {
            return new Source(null, emptyDir, null, null, null, null);
        }

        /** A directory of the node. */
        public static Source from(HostPath hostPath) {
            return new Source(null, null, hostPath, null, null, null);
        }

        /** Files of an image. */
        public static Source from(ImageSource image) {
            return new Source(null, null, null, image, null, null);
        }

        /** Files of a ConfigMap. */
        public static Source from(ConfigMapSource configMap) {
            return new Source(null, null, null, null, configMap, null);
        }

        /** Files of a Secret. */
        public static Source from(SecretSource secret) {
            return new Source(null, null, null, null, null, secret);
        }
    }

    /** A directory of the agent's own. */
    @ApiObject
    public record Workspace() {}

    /** A directory of the agent's own that is empty at first. */
    @ApiObject
    @ValidationRule(
            value = "!has(self.medium) || self.medium != 'Memory' || has(self.sizeLimit)",
            message =
                    "sizeLimit is required with medium Memory: what is in memory counts as the agent's, so without it writing ends the agent instead of failing")
    @ValidationRule(
            value = "(has(self.medium) && self.medium == 'Memory') || !has(self.sizeLimit)"
                    + " || !isQuantity(string(self.sizeLimit))"
                    + " || quantity(string(self.sizeLimit)).compareTo(quantity('16Mi')) >= 0",
            fieldPath = ".sizeLimit",
            message = "must be at least 16Mi on the disk: less can't be enforced there")
    public record EmptyDir(
            @ValidationRule(
                    value = "self == '' || self == 'Memory'",
                    message = "must be Memory, or '' for the node's disk")
            @Size(max = 63)
            @JsonPropertyDescription(
                    "Memory: in memory, counted as the agent's and empty again at each restart. '' (the default): on the node's disk, kept over restarts and removed with the agent.")
            String medium,

            @ValidationRule(
                    value = Resources.IS_POSITIVE,
                    message = "must be a quantity greater than 0, for example 64Mi")
            @ValidationRule(value = Resources.IS_NO_WAREHOUSE, message = "must not be more than 1Pi")
            @JsonPropertyDescription(
                    "How much fits in, in bytes; writes beyond it fail. In memory required, and cut to limits.memory. On the disk taken from limits.ephemeral-storage and kept for this directory alone, at least 16Mi; without it the directory shares what is left of that limit.")
            Quantity sizeLimit) {
        /** The medium that is the agent's memory. */
        public static final String MEMORY = "Memory";

        /** Whether it is in memory. */
        @JsonIgnore
        public boolean inMemory() {
            return MEMORY.equals(medium);
        }
    }

    /** A directory of the node. */
    @ApiObject
    public record HostPath(
            @Required
            @Size(min = 2, max = 1024)
            @ValidationRule(value = IS_PLAIN_PATH, message = PLAIN_PATH)
            @ValidationRule(value = IS_NO_KERNELS, message = NO_KERNELS)
            @JsonPropertyDescription(
                    "Absolute path on the node. No link on the way is followed, and nothing that is mounted below it is seen.")
            String path,

            @ValidationRule(
                    value = "self == '' || self == 'Directory'",
                    message = "must be Directory: it has to exist, and nothing is made on the node")
            @Size(max = 63)
            @JsonPropertyDescription("Directory, which is the default.")
            String type) {}

    /** An image by name. */
    @ApiObject
    public record ImageSource(
            @Required
            @Size(min = 1, max = 512)
            @ValidationRule(value = "self.matches(r'" + ImageSyntax.REFERENCE + "')", message = ImageSyntax.WRONG)
            @JsonPropertyDescription(
                    "The image, for example registry.example.org/team/model:3, written as spec.image is. What it means is decided by the first start; restarts on the same node have the same content.")
            String reference,

            @JsonPropertyDescription(
                    "When the node asks the registry: Always, IfNotPresent or Never. Default: Always for the tag latest or none, else IfNotPresent.")
            ImagePullPolicy pullPolicy) {}

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
