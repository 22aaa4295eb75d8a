package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.ImagePullPolicy;
import dev.agentcontainers.api.v1alpha1.Lifecycle;
import dev.agentcontainers.api.v1alpha1.MountAccess;
import dev.agentcontainers.api.v1alpha1.Resources;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.api.v1alpha1.Session;
import dev.agentcontainers.assignment.Amounts;
import dev.agentcontainers.nodeagent.image.PullPolicy;
import dev.agentcontainers.nodeagent.sandbox.Assignment;
import dev.agentcontainers.nodeagent.sandbox.Assignment.EnvironmentEntry;
import dev.agentcontainers.nodeagent.sandbox.Mount;
import dev.agentcontainers.nodeagent.sandbox.ResourceAmounts;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.nodeagent.sandbox.Screen;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Turns an AgentAssignment into the node agent's own values. Pure. */
public final class AssignmentMapping {
    private static final int DEFAULT_GRACE_SECONDS = 10;
    private static final int THOUSAND = 1000;

    private AssignmentMapping() {}

    /** @throws IllegalArgumentException naming the field that this node agent can't understand */
    public static Assignment assignment(AgentAssignment resource) {
        AgentAssignmentSpec spec = resource.getSpec();
        Lifecycle lifecycle = spec.lifecycle();
        Resources resources = spec.resources();
        return new Assignment(
                new SandboxId(resource.getMetadata().getName()),
                new Assignment.Agent(
                        spec.agent().namespace(),
                        spec.agent().name(),
                        spec.agent().uid(),
                        spec.agent().generation()),
                Optional.ofNullable(resource.getMetadata().getGeneration()).orElse(0L),
                spec.epoch(),
                new Assignment.Driver(
                        spec.driver().className(),
                        spec.driver().name(),
                        Optional.ofNullable(spec.driver().parameters()).orElse(Map.of()),
                        Optional.ofNullable(spec.driver().level())),
                Optional.ofNullable(spec.image()).map(image -> image(image, listOf(spec.args()))),
                command(spec),
                Optional.ofNullable(spec.workingDir()),
                environment(spec),
                requests(resources.requests()),
                limits(resources.limits()),
                mounts(spec),
                Optional.ofNullable(lifecycle.restartPolicy()).orElse(RestartPolicy.Never),
                Optional.ofNullable(lifecycle.deadlineSeconds()).map(Duration::ofSeconds),
                Duration.ofSeconds(Optional.ofNullable(lifecycle.terminationGracePeriodSeconds())
                        .orElse(DEFAULT_GRACE_SECONDS)),
                ProbeMapping.probes(spec.probes(), listOf(spec.ports())),
                spec.policyGroup(),
                Boolean.TRUE.equals(lifecycle.suspended()));
    }

    private static List<String> command(AgentAssignmentSpec spec) {
        List<String> command = new ArrayList<>(listOf(spec.command()));
        if (spec.image() == null) {
            command.addAll(listOf(spec.args()));
        }
        return command;
    }

    private static Assignment.Image image(AgentAssignmentSpec.Image image, List<String> arguments) {
        return new Assignment.Image(
                image.reference(), pullPolicy(image.pullPolicy()), listOf(image.pullSecrets()), arguments);
    }

    private static Optional<PullPolicy> pullPolicy(@Nullable ImagePullPolicy given) {
        return Optional.ofNullable(given).map(policy -> switch (policy) {
            case Always -> PullPolicy.ALWAYS;
            case IfNotPresent -> PullPolicy.IF_NOT_PRESENT;
            case Never -> PullPolicy.NEVER;
        });
    }

    private static List<EnvironmentEntry> environment(AgentAssignmentSpec spec) {
        List<EnvironmentEntry> environment = new ArrayList<>();
        listOf(spec.env()).forEach(variable -> environment.add(environment(variable)));
        if (hasHome(spec)
                && environment.stream().noneMatch(entry -> entry.name().equals("HOME"))) {
            environment.add(new EnvironmentEntry.Literal("HOME", Session.HOME));
        }
        return environment;
    }

    private static List<Mount> mounts(AgentAssignmentSpec spec) {
        List<Mount> mounts = new ArrayList<>();
        listOf(spec.mounts()).forEach(mount -> mounts.add(mount(mount, spec)));
        if (spec.session() != null) {
            mounts.add(new Mount.RuntimeDirectory(
                    Session.RUNTIME_DIRECTORY,
                    Optional.ofNullable(spec.session().display()).map(AssignmentMapping::screen)));
        }
        if (hasHome(spec)) {
            mounts.add(new Mount.Workspace(Session.HOME, true));
        }
        return mounts;
    }

    private static Screen screen(Session.Display display) {
        return new Screen(
                Optional.ofNullable(display.width()).orElse(Session.Display.DEFAULT_WIDTH),
                Optional.ofNullable(display.height()).orElse(Session.Display.DEFAULT_HEIGHT));
    }

    private static boolean hasHome(AgentAssignmentSpec spec) {
        return spec.session() != null && isTrue(spec.session().persistentHome());
    }

    private static EnvironmentEntry environment(EnvironmentVariable variable) {
        EnvironmentVariable.ValueSource from = variable.valueFrom();
        if (from == null) {
            return new EnvironmentEntry.Literal(
                    variable.name(), Optional.ofNullable(variable.value()).orElse(""));
        }
        if (from.secretKeyRef() != null) {
            EnvironmentVariable.KeyReference key = from.secretKeyRef();
            return new EnvironmentEntry.FromSecret(variable.name(), key.name(), key.key(), isTrue(key.optional()));
        }
        if (from.configMapKeyRef() != null) {
            EnvironmentVariable.KeyReference key = from.configMapKeyRef();
            return new EnvironmentEntry.FromConfigMap(variable.name(), key.name(), key.key(), isTrue(key.optional()));
        }
        throw new IllegalArgumentException("env[" + variable.name()
                + "].valueFrom has neither secretKeyRef nor configMapKeyRef: the operator resolves every other kind");
    }

    private static Mount mount(Filesystem.Mount mount, AgentAssignmentSpec spec) {
        if (mount.access() == MountAccess.Denied) {
            return new Mount.Denied(mount.path());
        }
        Filesystem.Source source = mount.source();
        if (source == null) {
            throw new IllegalArgumentException("mounts[" + mount.path() + "] has no source");
        }
        if (source.workspace() != null) {
            return new Mount.Workspace(mount.path(), mount.access() == MountAccess.ReadWrite);
        }
        if (source.emptyDir() != null) {
            return emptyDirectory(mount.path(), source.emptyDir());
        }
        if (source.hostPath() != null) {
            return new Mount.HostDirectory(
                    mount.path(), source.hostPath().path(), mount.access() == MountAccess.ReadWrite);
        }
        if (source.image() != null) {
            return imageFiles(mount, source.image(), listOf(spec.mountPullSecrets()));
        }
        if (source.configMap() != null) {
            return new Mount.ConfigMapFiles(mount.path(), source.configMap().name());
        }
        if (source.secret() != null) {
            return new Mount.SecretFiles(mount.path(), source.secret().secretName());
        }
        throw new IllegalArgumentException(
                "mounts[" + mount.path() + "].source is of a kind that this node agent does not know: update it");
    }

    private static Mount imageFiles(Filesystem.Mount mount, Filesystem.ImageSource image, List<String> pullSecrets) {
        if (mount.access() == MountAccess.ReadWrite) {
            throw new IllegalArgumentException(
                    "mounts[" + mount.path() + "].access is ReadWrite; an image can only be mounted with ReadOnly");
        }
        return new Mount.ImageFiles(mount.path(), image.reference(), pullPolicy(image.pullPolicy()), pullSecrets);
    }

    private static Mount emptyDirectory(String path, Filesystem.EmptyDir source) {
        OptionalLong limit = bytes(source.sizeLimit());
        if (!source.inMemory()) {
            return new Mount.DiskDirectory(path, limit);
        }
        return new Mount.MemoryDirectory(
                path,
                limit.orElseThrow(() -> new IllegalArgumentException(
                        "mounts[" + path + "].source.emptyDir has medium Memory and no sizeLimit")));
    }

    static ResourceAmounts requests(Resources.@Nullable Requests requests) {
        if (requests == null) {
            return ResourceAmounts.NONE;
        }
        return new ResourceAmounts(
                millis(requests.cpu()),
                bytes(requests.memory()),
                bytes(requests.ephemeralStorage()),
                OptionalLong.empty());
    }

    static ResourceAmounts limits(Resources.@Nullable Limits limits) {
        if (limits == null) {
            return ResourceAmounts.NONE;
        }
        return new ResourceAmounts(
                millis(limits.cpu()),
                bytes(limits.memory()),
                bytes(limits.ephemeralStorage()),
                number(limits.pids()),
                number(limits.openFiles()),
                bytes(limits.diskReadRate()),
                bytes(limits.diskWriteRate()),
                bytes(limits.networkEgressRate()),
                bytes(limits.networkIngressRate()));
    }

    private static OptionalLong number(@Nullable Integer number) {
        return number == null ? OptionalLong.empty() : OptionalLong.of(number);
    }

    private static OptionalLong millis(@Nullable Quantity quantity) {
        return quantity == null ? OptionalLong.empty() : OptionalLong.of(Amounts.exactly(quantity, THOUSAND));
    }

    private static OptionalLong bytes(@Nullable Quantity quantity) {
        return quantity == null ? OptionalLong.empty() : OptionalLong.of(Amounts.exactly(quantity, 1));
    }

    private static boolean isTrue(@Nullable Boolean value) {
        return Boolean.TRUE.equals(value);
    }

    private static <T> List<T> listOf(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
