package dev.agentcontainers.operator.references;

import dev.agentcontainers.api.v1alpha1.AgentAssignment;
import dev.agentcontainers.api.v1alpha1.Api;
import dev.agentcontainers.assignment.reference.Reference;
import dev.agentcontainers.assignment.reference.Sources;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** What is there of an agent's references. */
    public Sources read(List<Reference> references) {
        return Sources.find(references, this::source);
    }

    /** Makes or refreshes the copies that the assignment needs. */
    public void ensure(AgentAssignment assignment, Sources sources) {
        sources.byCopyName().forEach((name, source) -> ensure(assignment, name, source));
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
        return Sources.keys(first).equals(Sources.keys(second));
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
}
