package dev.agentcontainers.assignment;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.AgentAssignmentSpec;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.AgentContainerSpec;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable.KeyReference;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable.ValueSource;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.ImagePullSecret;
import dev.agentcontainers.api.v1alpha1.IsolationClass;
import dev.agentcontainers.api.v1alpha1.IsolationLevel;
import dev.agentcontainers.api.v1alpha1.Lifecycle;
import dev.agentcontainers.api.v1alpha1.RestartPolicy;
import dev.agentcontainers.assignment.reference.Reference;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the assignment of an agent: references resolved, defaults filled in. Pure. */
public final class AssignmentBuilder {
    private static final int GRACE_SECONDS = 10;

    private final AgentContainer agent;
    private final AgentContainerSpec spec;
    private final String nodeName;
    private final Set<Reference> present;

    /** @param present the references whose sources are there */
    public AssignmentBuilder(AgentContainer agent, String nodeName, Set<Reference> present) {
        this.agent = agent;
        this.spec = agent.getSpec();
        this.nodeName = nodeName;
        this.present = present;
    }

    public AgentAssignment create(String namespace, IsolationClass isolationClass, String policyGroup, long epoch) {
        AgentAssignment assignment = new AgentAssignment();
        assignment.setMetadata(new ObjectMetaBuilder()
                .withName(agent.getMetadata().getUid())
                .withNamespace(namespace)
                .withFinalizers(Api.FINALIZER)
                .withLabels(Map.of(
                        Api.AGENT_NAMESPACE_LABEL,
                        agent.getMetadata().getNamespace(),
                        Api.AGENT_UID_LABEL,
                        agent.getMetadata().getUid()))
                .build());
        assignment.setSpec(new AgentAssignmentSpec(
                agentReference(),
                epoch,
                new AgentAssignmentSpec.Driver(
                        isolationClass.getMetadata().getName(),
                        isolationClass.getSpec().driver(),
                        isolationClass.getSpec().parameters(),
                        level(isolationClass)),
                image(),
                spec.command(),
                spec.args(),
                spec.workingDir(),
                environment(),
                spec.ports(),
                ResourceDefaults.filledIn(spec.resources()),
                mounts(),
                lifecycle(spec.lifecycle()),
                spec.probes(),
                policyGroup,
                mountsImage() ? pullSecrets() : null,
                spec.session()));
        return assignment;
    }

    /** What may change while the agent runs, over what was resolved when it was created; empty where nothing has. */
    public Optional<AgentAssignmentSpec> update(AgentAssignmentSpec before, String policyGroup) {
        AgentAssignmentSpec after = new AgentAssignmentSpec(
                agentReference(),
                before.epoch(),
                before.driver(),
                before.image(),
                before.command(),
                before.args(),
                before.workingDir(),
                before.env(),
                before.ports(),
                ResourceDefaults.filledIn(spec.resources()),
                before.mounts(),
                lifecycle(spec.lifecycle()),
                before.probes(),
                policyGroup,
                before.mountPullSecrets(),
                before.session());
        return after.equals(before) ? Optional.empty() : Optional.of(after);
    }

    /** What the agent was placed by: the class that it names is as strong as it says, any other as strong as the agent asks for. */
    private IsolationLevel level(IsolationClass isolationClass) {
        @Nullable IsolationLevel minimum = spec.isolation().minimum();
        return minimum == null ? isolationClass.getSpec().level() : minimum;
    }

    private AgentAssignmentSpec.AgentReference agentReference() {
        ObjectMeta metadata = agent.getMetadata();
        return new AgentAssignmentSpec.AgentReference(
                metadata.getNamespace(), metadata.getName(), metadata.getUid(), metadata.getGeneration());
    }

    private AgentAssignmentSpec.@Nullable Image image() {
        return spec.image() == null
                ? null
                : new AgentAssignmentSpec.Image(spec.image(), spec.imagePullPolicy(), pullSecrets());
    }

    private boolean mountsImage() {
        return spec.filesystem() != null
                && spec.filesystem().mounts() != null
                && spec.filesystem().mounts().stream()
                        .anyMatch(mount ->
                                mount.source() != null && mount.source().image() != null);
    }

    private @Nullable List<String> pullSecrets() {
        return spec.imagePullSecrets() == null
                ? null
                : spec.imagePullSecrets().stream()
                        .map(secret -> copyOf(Reference.Kind.SECRET, secret.name(), ImagePullSecret.KEY)
                                .orElseThrow())
                        .toList();
    }

    private @Nullable List<EnvironmentVariable> environment() {
        return spec.env() == null
                ? null
                : spec.env().stream()
                        .flatMap(variable -> resolve(variable).stream())
                        .toList();
    }

    private Optional<EnvironmentVariable> resolve(EnvironmentVariable variable) {
        @Nullable ValueSource source = variable.valueFrom();
        if (source == null) {
            return Optional.of(variable);
        }
        if (source.fieldRef() != null) {
            String value = FieldReferences.resolve(source.fieldRef().fieldPath(), agent, nodeName);
            return Optional.of(new EnvironmentVariable(variable.name(), value, null));
        }
        if (source.secretKeyRef() != null) {
            return copied(Reference.Kind.SECRET, source.secretKeyRef())
                    .map(key -> new EnvironmentVariable(variable.name(), null, new ValueSource(key, null, null)));
        }
        return copied(Reference.Kind.CONFIG_MAP, Objects.requireNonNull(source.configMapKeyRef()))
                .map(key -> new EnvironmentVariable(variable.name(), null, new ValueSource(null, key, null)));
    }

    private Optional<KeyReference> copied(Reference.Kind kind, KeyReference key) {
        return copyOf(kind, key.name(), key.key()).map(copy -> new KeyReference(copy, key.key(), key.optional()));
    }

    private Optional<String> copyOf(Reference.Kind kind, String name, @Nullable String key) {
        return present.stream()
                .filter(reference -> reference.kind() == kind
                        && reference.name().equals(name)
                        && Objects.equals(reference.key(), key))
                .findFirst()
                .map(Reference::copyName);
    }

    private @Nullable List<Filesystem.Mount> mounts() {
        return spec.filesystem() == null || spec.filesystem().mounts() == null
                ? null
                : spec.filesystem().mounts().stream().map(this::resolve).toList();
    }

    private Filesystem.Mount resolve(Filesystem.Mount mount) {
        Filesystem.@Nullable Source source = mount.source();
        if (source == null || (source.secret() == null && source.configMap() == null)) {
            return mount;
        }
        Filesystem.Source resolved = source.secret() != null
                ? Filesystem.Source.from(new Filesystem.SecretSource(
                        copyOf(Reference.Kind.SECRET, source.secret().secretName(), null)
                                .orElseThrow()))
                : Filesystem.Source.from(new Filesystem.ConfigMapSource(
                        copyOf(Reference.Kind.CONFIG_MAP, source.configMap().name(), null)
                                .orElseThrow()));
        return new Filesystem.Mount(mount.path(), mount.access(), resolved);
    }

    private static Lifecycle lifecycle(@Nullable Lifecycle given) {
        return new Lifecycle(
                given == null || given.restartPolicy() == null ? RestartPolicy.Never : given.restartPolicy(),
                given == null ? null : given.deadlineSeconds(),
                given == null || given.terminationGracePeriodSeconds() == null
                        ? GRACE_SECONDS
                        : given.terminationGracePeriodSeconds(),
                // Absent unless it is so: assignments of agents that are not suspended are not written anew.
                given != null && Boolean.TRUE.equals(given.suspended()) ? true : null);
    }
}
