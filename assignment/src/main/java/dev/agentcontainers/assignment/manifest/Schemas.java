package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.ApiManifests;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The schema of each kind: those of AgentContainer and EgressPolicy from their CustomResourceDefinitions, those of built-in
 * kinds from a file.
 */
final class Schemas {
    private static final Set<String> OF_A_RUN =
            Set.of("agentcontainers.agentcontainers.dev.yaml", "egresspolicies.agentcontainers.dev.yaml");

    private final Map<String, StructuralSchema> byKind = new HashMap<>();

    Schemas() {
        JsonNode builtIn = Yaml.read(resource("kinds.yaml")).getFirst();
        JsonNode metadata = builtIn.get("ObjectMeta");
        for (Map.Entry<String, JsonNode> kind : builtIn.properties()) {
            put(kind.getKey(), kind.getValue(), metadata);
        }
        ApiManifests.customResourceDefinitions().stream()
                .filter(manifest -> OF_A_RUN.contains(manifest.name()))
                .map(manifest -> Yaml.read(manifest.yaml()).getFirst().get("spec"))
                .forEach(definition -> putVersions(definition, metadata));
    }

    private void putVersions(JsonNode definition, JsonNode metadata) {
        String group = definition.get("group").asText();
        String kind = definition.get("names").get("kind").asText();
        for (JsonNode version : definition.get("versions")) {
            put(
                    group + "/" + version.get("name").asText() + "/" + kind,
                    version.get("schema").get("openAPIV3Schema"),
                    metadata);
        }
    }

    private void put(String kind, JsonNode schema, JsonNode metadata) {
        ObjectNode whole = schema.deepCopy();
        ObjectNode properties = whole.withObjectProperty("properties");
        properties.putObject("apiVersion").put("type", "string");
        properties.putObject("kind").put("type", "string");
        properties.set("metadata", metadata);
        // Written by controllers; ignored by API servers at creation.
        properties.putObject("status").put("type", "object").put("x-kubernetes-preserve-unknown-fields", true);
        byKind.put(kind, new StructuralSchema(whole));
    }

    /** Empty for a kind that no standalone run knows. */
    Optional<StructuralSchema> of(String apiVersion, String kind) {
        return Optional.ofNullable(byKind.get(apiVersion + "/" + kind));
    }

    private static String resource(String name) {
        try (InputStream stream = Schemas.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("the jar lacks " + name);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
