package dev.agentcontainers.api.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.generator.Yaml;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Manifests of the tests, as untyped objects: the Java model could not even hold the wrong ones. */
final class Manifests {
    private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();

    private Manifests() {}

    static String resource(String name) {
        try (InputStream stream = Manifests.class.getResourceAsStream("/dev/agentcontainers/api/manifests/" + name)) {
            if (stream == null) {
                throw new IllegalArgumentException("no test resource " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode yaml(String text) {
        return Yaml.read(text);
    }

    static GenericKubernetesResource example(String namespace) {
        GenericKubernetesResource example =
                SERIALIZATION.unmarshal(resource("researcher.yaml"), GenericKubernetesResource.class);
        example.getMetadata().setNamespace(namespace);
        return example;
    }

    /** A small good AgentContainer. */
    static GenericKubernetesResource named(String name, String namespace) {
        return good("AgentContainer", name, namespace);
    }

    /** A small good object of that kind. */
    static GenericKubernetesResource good(String kind, String name, String namespace) {
        String spec = switch (kind) {
            case "AgentContainer" -> "{isolation: {className: process}, command: [sleep, '60']}";
            case "EgressPolicy" ->
                "{agentSelector: {matchLabels: {app: a}}, egress: [{name: a, to: [{domain: www.example.org}], ports: [{port: 443}]}]}";
            case "IsolationClass" -> "{driver: process, level: Process}";
            case "AgentNode" -> "{}";
            default -> throw new IllegalArgumentException(kind);
        };
        return object(Yaml.object(
                "{apiVersion: agentcontainers.dev/v1alpha1, kind: %s, metadata: {name: %s, namespace: %s}, spec: %s}"
                        .formatted(kind, name, namespace, spec)));
    }

    /** The object with a JSON merge patch (RFC 7396) applied. */
    static GenericKubernetesResource patched(GenericKubernetesResource object, JsonNode patch) {
        ObjectNode tree = SERIALIZATION.convertValue(object, ObjectNode.class);
        merge(tree, patch);
        return object(tree);
    }

    private static GenericKubernetesResource object(ObjectNode tree) {
        return SERIALIZATION.convertValue(tree, GenericKubernetesResource.class);
    }

    private static void merge(ObjectNode target, JsonNode patch) {
        for (Map.Entry<String, JsonNode> field : patch.properties()) {
            if (field.getValue().isNull()) {
                target.remove(field.getKey());
            } else if (field.getValue().isObject()) {
                if (!target.path(field.getKey()).isObject()) {
                    target.putObject(field.getKey());
                }
                merge((ObjectNode) target.get(field.getKey()), field.getValue());
            } else {
                target.set(field.getKey(), field.getValue());
            }
        }
    }
}
