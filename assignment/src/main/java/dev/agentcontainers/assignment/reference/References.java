package dev.agentcontainers.assignment.reference;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EnvironmentVariable;
import dev.agentcontainers.api.v1alpha1.Filesystem;
import dev.agentcontainers.api.v1alpha1.ImagePullSecret;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds the Secrets and ConfigMaps that an agent refers to. Pure. */
public final class References {
    private References() {}

    public static List<Reference> of(AgentContainer agent) {
        String namespace = agent.getMetadata().getNamespace();
        List<Reference> found = new ArrayList<>();
        @Nullable List<ImagePullSecret> pullSecrets = agent.getSpec().imagePullSecrets();
        for (int i = 0; pullSecrets != null && i < pullSecrets.size(); i++) {
            found.add(ofPullSecret(namespace, pullSecrets.get(i), i));
        }
        @Nullable List<EnvironmentVariable> variables = agent.getSpec().env();
        for (int i = 0; variables != null && i < variables.size(); i++) {
            ofVariable(namespace, variables.get(i), i).ifPresent(found::add);
        }
        @Nullable Filesystem filesystem = agent.getSpec().filesystem();
        @Nullable List<Filesystem.Mount> mounts = filesystem == null ? null : filesystem.mounts();
        for (int i = 0; mounts != null && i < mounts.size(); i++) {
            ofMount(namespace, mounts.get(i), i).ifPresent(found::add);
        }
        return List.copyOf(found);
    }

    private static Reference ofPullSecret(String namespace, ImagePullSecret secret, int index) {
        return new Reference(
                Reference.Kind.SECRET,
                namespace,
                secret.name(),
                "spec.imagePullSecrets[%d]".formatted(index),
                ImagePullSecret.KEY,
                false);
    }

    static Optional<Reference> ofVariable(String namespace, EnvironmentVariable variable, int index) {
        EnvironmentVariable.@Nullable ValueSource source = variable.valueFrom();
        if (source == null) {
            return Optional.empty();
        }
        String field = "spec.env[%d].valueFrom.".formatted(index);
        if (source.secretKeyRef() != null) {
            return Optional.of(ofKey(Reference.Kind.SECRET, namespace, field + "secretKeyRef", source.secretKeyRef()));
        }
        if (source.configMapKeyRef() != null) {
            return Optional.of(
                    ofKey(Reference.Kind.CONFIG_MAP, namespace, field + "configMapKeyRef", source.configMapKeyRef()));
        }
        return Optional.empty();
    }

    private static Reference ofKey(
            Reference.Kind kind, String namespace, String field, EnvironmentVariable.KeyReference key) {
        return new Reference(kind, namespace, key.name(), field, key.key(), Boolean.TRUE.equals(key.optional()));
    }

    private static Optional<Reference> ofMount(String namespace, Filesystem.Mount mount, int index) {
        Filesystem.@Nullable Source source = mount.source();
        String field = "spec.filesystem.mounts[%d].source.".formatted(index);
        if (source != null && source.secret() != null) {
            return Optional.of(new Reference(
                    Reference.Kind.SECRET, namespace, source.secret().secretName(), field + "secret", null, false));
        }
        if (source != null && source.configMap() != null) {
            return Optional.of(new Reference(
                    Reference.Kind.CONFIG_MAP, namespace, source.configMap().name(), field + "configMap", null, false));
        }
        return Optional.empty();
    }
}
