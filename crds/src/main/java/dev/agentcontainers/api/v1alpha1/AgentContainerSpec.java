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
        value = "has(self.image) || has(self.command)",
        fieldPath = ".command",
        message = "set command, or image: without an image the command names one of the node's own programs")
@ValidationRule(
        value = "has(self.image) || !has(self.imagePullPolicy)",
        fieldPath = ".imagePullPolicy",
        message = "imagePullPolicy is for an image: set image, or leave imagePullPolicy out")
@ValidationRule(
        value =
                "has(self.image) || !has(self.imagePullSecrets) || (has(self.filesystem) && has(self.filesystem.mounts) && self.filesystem.mounts.exists(m, has(m.source) && has(m.source.image)))",
        fieldPath = ".imagePullSecrets",
        message = "imagePullSecrets are for an image: set image, mount one, or leave imagePullSecrets out")
@ValidationRule(
        value = "has(self.image) == has(oldSelf.image) && (!has(self.image) || self.image == oldSelf.image)",
        fieldPath = ".image",
        message = "spec.image is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "has(self.imagePullPolicy) == has(oldSelf.imagePullPolicy) && (!has(self.imagePullPolicy) || self.imagePullPolicy == oldSelf.imagePullPolicy)",
        fieldPath = ".imagePullPolicy",
        message = "spec.imagePullPolicy is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "has(self.imagePullSecrets) == has(oldSelf.imagePullSecrets) && (!has(self.imagePullSecrets) || self.imagePullSecrets == oldSelf.imagePullSecrets)",
        fieldPath = ".imagePullSecrets",
        message = "spec.imagePullSecrets is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "has(self.command) == has(oldSelf.command) && (!has(self.command) || self.command == oldSelf.command)",
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
                "(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.ephemeral__dash__storage)) || !has(self.filesystem) || !has(self.filesystem.mounts) || self.filesystem.mounts.all(m, !has(m.source) || !has(m.source.emptyDir) || !has(m.source.emptyDir.sizeLimit) || (has(m.source.emptyDir.medium) && m.source.emptyDir.medium == 'Memory'))",
        fieldPath = ".filesystem.mounts",
        message =
                "the sizeLimit of an emptyDir on the disk is a part of limits.ephemeral-storage: set resources.limits.ephemeral-storage too, or leave sizeLimit out")
@ValidationRule(
        value = "!has(self.resources) || !has(self.resources.limits)"
                + " || !has(self.resources.limits.ephemeral__dash__storage)"
                + " || !isQuantity(string(self.resources.limits.ephemeral__dash__storage))"
                + " || !has(self.filesystem) || !has(self.filesystem.mounts)"
                + " || !self.filesystem.mounts.exists(m, " + Filesystem.IS_PART + ")"
                + " || self.filesystem.mounts.map(m, " + Filesystem.IS_PART
                + " && isQuantity(string(m.source.emptyDir.sizeLimit)),"
                + " quantity(string(m.source.emptyDir.sizeLimit)).asApproximateFloat()).sum()"
                + " + (has(self.image) || " + Session.HAS_HOME + " || self.filesystem.mounts.exists(m, "
                + Filesystem.IS_SHARED
                + ") ? 16777216.0 : 0.0)"
                + " <= quantity(string(self.resources.limits.ephemeral__dash__storage)).asApproximateFloat()",
        fieldPath = ".resources.limits['ephemeral-storage']",
        message =
                "must hold the sizeLimits of all emptyDirs on the disk together, and 16Mi more where the agent writes to anything else: an image's root, a workspace, a persistent home, an emptyDir without sizeLimit")
@ValidationRule(
        value =
                "has(self.placement) == has(oldSelf.placement) && (!has(self.placement) || self.placement == oldSelf.placement)",
        fieldPath = ".placement",
        message = "spec.placement is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "!has(self.session) || !has(self.filesystem) || !has(self.filesystem.mounts)"
                + " || self.filesystem.mounts.all(m, m.path != '" + Session.RUNTIME_DIRECTORY + "' && (m.path != '"
                + Session.HOME + "' || !(" + Session.HAS_HOME + ")))",
        fieldPath = ".filesystem.mounts",
        message =
                "/run/session, and /home/agent where session.persistentHome is true, are the session's own: mount elsewhere")
@ValidationRule(
        value = Session.LEAVES_DISPLAY,
        fieldPath = ".filesystem.mounts",
        message =
                "/tmp and /tmp/.X11-unix, where session.display is set, are the display's own: mount elsewhere, and name that in TMPDIR")
@ValidationRule(
        value = "has(self.session) == has(oldSelf.session) && (!has(self.session) || self.session == oldSelf.session)",
        fieldPath = ".session",
        message = "spec.session is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.startup) || !has(self.probes.startup.httpGet) || type(self.probes.startup.httpGet.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.startup.httpGet.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.startup.httpGet.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.startup) || !has(self.probes.startup.tcpSocket) || type(self.probes.startup.tcpSocket.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.startup.tcpSocket.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.startup.tcpSocket.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.readiness) || !has(self.probes.readiness.httpGet) || type(self.probes.readiness.httpGet.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.readiness.httpGet.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.readiness.httpGet.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.readiness) || !has(self.probes.readiness.tcpSocket) || type(self.probes.readiness.tcpSocket.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.readiness.tcpSocket.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.readiness.tcpSocket.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.liveness) || !has(self.probes.liveness.httpGet) || type(self.probes.liveness.httpGet.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.liveness.httpGet.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.liveness.httpGet.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value =
                "!has(self.probes) || !has(self.probes.liveness) || !has(self.probes.liveness.tcpSocket) || type(self.probes.liveness.tcpSocket.port) != string || (has(self.ports) && self.ports.exists(p, p.name == self.probes.liveness.tcpSocket.port && (!has(p.protocol) || p.protocol == 'TCP')))",
        fieldPath = ".probes.liveness.tcpSocket.port",
        message = "names none of spec.ports with protocol TCP: name one of them, or write the number")
@ValidationRule(
        value = "(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.open__dash__files)"
                + " ? self.resources.limits.open__dash__files : 0)"
                + " == (has(oldSelf.resources) && has(oldSelf.resources.limits) && has(oldSelf.resources.limits.open__dash__files)"
                + " ? oldSelf.resources.limits.open__dash__files : 0)",
        fieldPath = ".resources",
        message = "spec.resources.limits.open-files is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.disk__dash__read__dash__rate)"
                        + " ? string(self.resources.limits.disk__dash__read__dash__rate) : '')"
                        + " == (has(oldSelf.resources) && has(oldSelf.resources.limits) && has(oldSelf.resources.limits.disk__dash__read__dash__rate)"
                        + " ? string(oldSelf.resources.limits.disk__dash__read__dash__rate) : '')",
        fieldPath = ".resources",
        message = "spec.resources.limits.disk-read-rate is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value =
                "(has(self.resources) && has(self.resources.limits) && has(self.resources.limits.disk__dash__write__dash__rate)"
                        + " ? string(self.resources.limits.disk__dash__write__dash__rate) : '')"
                        + " == (has(oldSelf.resources) && has(oldSelf.resources.limits) && has(oldSelf.resources.limits.disk__dash__write__dash__rate)"
                        + " ? string(oldSelf.resources.limits.disk__dash__write__dash__rate) : '')",
        fieldPath = ".resources",
        message = "spec.resources.limits.disk-write-rate is immutable: delete and create the AgentContainer again")
@ValidationRule(
        value = "has(self.probes) == has(oldSelf.probes) && (!has(self.probes) || self.probes == oldSelf.probes)",
        fieldPath = ".probes",
        message = "spec.probes is immutable: delete and create the AgentContainer again")
public record AgentContainerSpec(
        @Default("{}") @JsonPropertyDescription("Operating system and architecture the agent needs. Immutable.")
        Platform platform,

        @Required
        @JsonPropertyDescription("How strongly the agent is isolated: a class by name, or a minimum level. Immutable.")
        Isolation isolation,

        @Size(min = 1, max = 512)
        @ValidationRule(value = "self.matches(r'" + ImageSyntax.REFERENCE + "')", message = ImageSyntax.WRONG)
        @JsonPropertyDescription(
                "OCI image that the agent runs, for example registry.example.org/team/agent:1.4: its files, copied on write, and what it says of command, environment, working directory and user. Without a registry that of docker.io, without tag and digest the tag latest; where there is a digest, it decides. The class must run images, as container does. Default: none, the agent runs the node's own programs, which it sees read-only. Immutable.")
        String image,

        @JsonPropertyDescription(
                "When the node asks the registry: Always (what is there of the content is not received again), IfNotPresent or Never. Default: Always for the tag latest or none, else IfNotPresent. Immutable.")
        ImagePullPolicy imagePullPolicy,

        @MapList("name")
        @Size(max = 16)
        @JsonPropertyDescription(
                "Secrets of type kubernetes.io/dockerconfigjson in the AgentContainer's namespace, for registries that want a password: of image, and of images that are mounted. The agent waits for each. Immutable.")
        List<ImagePullSecret> imagePullSecrets,

        @Size(min = 1, max = 256)
        @JsonPropertyDescription(
                "Program and leading arguments. Not run in a shell. With an image as for Pods: in place of its entrypoint and command. Default: the image's entrypoint; needed without image. Immutable.")
        List<@Size(max = 4096) String> command,

        @Size(max = 1024)
        @JsonPropertyDescription(
                "Further arguments. With an image and without command, in place of the image's command. Immutable.")
        List<@Size(max = 8192) String> args,

        @Size(min = 1, max = 4096)
        @ValidationRule(
                value = "self.startsWith('/') && !self.matches('(^|/)[.][.]?(/|$)')",
                message = "must be an absolute path without '.' and '..' segments")
        @JsonPropertyDescription(
                "Working directory, an absolute path inside the agent. Default: the image's, / without one. Immutable.")
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

        @JsonPropertyDescription("How the agent is asked whether it has started, serves and works. Immutable.")
        Probes probes,

        @JsonPropertyDescription("Which nodes may run the agent. Immutable.")
        Placement placement,

        @JsonPropertyDescription(
                "The agent is a user who is logged in, even where this is empty: it has a directory in memory that is only its own (XDG_RUNTIME_DIR), and a message bus of its own (D-Bus) where its files have the program dbus-daemon. Default: none of that. Immutable.")
        Session session) {}
