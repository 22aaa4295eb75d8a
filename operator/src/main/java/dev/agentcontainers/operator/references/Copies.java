package dev.agentcontainers.operator.references;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.Api;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps copies of Secrets and ConfigMaps in the namespaces of the nodes that need them. A copy is owned by the assignments
 * that use it and vanishes with the last. Sources are read by name: at the start of an agent, and again every minute.
 */
@ApplicationScoped
public class Copies {
    private static final String SOURCE = Api.GROUP + "/source";

    private final KubernetesClient client;

    public Copies(KubernetesClient client) {
        this.client = client;
    }

    /** What was found of an agent's references: each source that is there, and the first that is missed. */
    public record Sources(Map<Reference, HasMetadata> found, Optional<String> missing) {
        public Set<Reference> references() {
            return found.keySet();
        }
    }

    public Sources read(List<Reference> references) {
        Map<Reference, HasMetadata> found = new LinkedHashMap<>();
        Map<String, Optional<HasMetadata>> read = new LinkedHashMap<>();
        for (Reference reference : references) {
            Optional<HasMetadata> source = read.computeIfAbsent(reference.copyName(), name -> source(reference));
            Optional<String> problem = problem(reference, source);
            if (problem.isPresent() && !reference.optional()) {
                return new Sources(found, problem);
            }
            if (problem.isEmpty()) {
                source.ifPresent(object -> found.put(reference, object));
            }
        }
        return new Sources(found, Optional.empty());
    }

    /** Makes or refreshes the copies that the assignment needs. */
    public void ensure(AgentAssignment assignment, Sources sources) {
        Map<String, HasMetadata> byName = new LinkedHashMap<>();
        sources.found().forEach((reference, source) -> byName.putIfAbsent(reference.copyName(), source));
        byName.forEach((name, source) -> ensure(assignment, name, source));
    }

    private void ensure(AgentAssignment assignment, String name, HasMetadata source) {
        OwnerReference owner = new OwnerReferenceBuilder()
                .withApiVersion(assignment.getApiVersion())
                .withKind(assignment.getKind())
                .withName(assignment.getMetadata().getName())
                .withUid(assignment.getMetadata().getUid())
                .build();
        String namespace = assignment.getMetadata().getNamespace();
        HasMetadata wanted = copy(source, metadata(source, name, namespace, List.of(owner), null));
        @Nullable HasMetadata present = client.resource(wanted).get();
        if (present == null) {
            apply(wanted);
            return;
        }
        List<OwnerReference> owners = present.getMetadata().getOwnerReferences();
        if (sameContent(present, wanted) && owners.contains(owner)) {
            return;
        }
        List<OwnerReference> all = new ArrayList<>(owners);
        if (!all.contains(owner)) {
            all.add(owner);
        }
        String version = present.getMetadata().getResourceVersion();
        apply(copy(source, metadata(source, name, namespace, all, version)));
    }

    /** All that stands in a copy is the operator's. With a resourceVersion it is refused where anyone was faster. */
    private void apply(HasMetadata wanted) {
        client.resource(wanted)
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager("agentcontainers-operator")
                        .withForce(true)
                        .build());
    }

    private static ObjectMeta metadata(
            HasMetadata source, String name, String namespace, List<OwnerReference> owners, @Nullable String version) {
        return new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .withResourceVersion(version)
                .withAnnotations(Map.of(
                        SOURCE,
                        source.getMetadata().getNamespace() + "/"
                                + source.getMetadata().getName()))
                .withOwnerReferences(owners)
                .build();
    }

    private static HasMetadata copy(HasMetadata source, ObjectMeta metadata) {
        return switch (source) {
            case Secret secret ->
                new SecretBuilder()
                        .withMetadata(metadata)
                        .withData(secret.getData())
                        .build();
            case ConfigMap map ->
                new ConfigMapBuilder()
                        .withMetadata(metadata)
                        .withData(map.getData())
                        .withBinaryData(map.getBinaryData())
                        .build();
            default -> throw new IllegalArgumentException("%s is not copied".formatted(source.getKind()));
        };
    }

    private static boolean sameContent(HasMetadata first, HasMetadata second) {
        return keys(first).equals(keys(second));
    }

    private Optional<HasMetadata> source(Reference reference) {
        return Optional.ofNullable(
                switch (reference.kind()) {
                    case SECRET ->
                        client.secrets()
                                .inNamespace(reference.namespace())
                                .withName(reference.name())
                                .get();
                    case CONFIG_MAP ->
                        client.configMaps()
                                .inNamespace(reference.namespace())
                                .withName(reference.name())
                                .get();
                });
    }

    private static Optional<String> problem(Reference reference, Optional<HasMetadata> source) {
        String title = reference.kind().title();
        if (source.isEmpty()) {
            return Optional.of("%s: there is no %s %s in namespace %s"
                    .formatted(reference.field(), title, reference.name(), reference.namespace()));
        }
        if (reference.key() != null && !keys(source.get()).containsKey(reference.key())) {
            return Optional.of(
                    "%s: %s %s has no key %s".formatted(reference.field(), title, reference.name(), reference.key()));
        }
        return Optional.empty();
    }

    private static Map<String, String> keys(HasMetadata object) {
        return switch (object) {
            case Secret secret -> Objects.requireNonNullElse(secret.getData(), Map.of());
            case ConfigMap map -> {
                Map<String, String> all = new LinkedHashMap<>(Objects.requireNonNullElse(map.getData(), Map.of()));
                Objects.requireNonNullElse(map.getBinaryData(), Map.<String, String>of())
                        .forEach((key, value) -> all.put(key, "base64:" + value));
                yield all;
            }
            default -> Map.of();
        };
    }
}
