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

/** The schema of each kind: AgentContainer's from its CustomResourceDefinition, those of built-in kinds from a file. */
final class Schemas {
    private static final String AGENTS = "agentcontainers.agentcontainers.dev.yaml";

    private final Map<String, StructuralSchema> byKind = new HashMap<>();

    Schemas() {
        JsonNode builtIn = Yaml.read(resource("kinds.yaml")).getFirst();
        JsonNode metadata = builtIn.get("ObjectMeta");
        for (Map.Entry<String, JsonNode> kind : builtIn.properties()) {
            put(kind.getKey(), kind.getValue(), metadata);
        }
        String definition = ApiManifests.customResourceDefinitions().stream()
                .filter(manifest -> manifest.name().equals(AGENTS))
                .findFirst()
                .orElseThrow()
                .yaml();
        JsonNode spec = Yaml.read(definition).getFirst().get("spec");
        for (JsonNode version : spec.get("versions")) {
            put(
                    spec.get("group").asText() + "/" + version.get("name").asText() + "/AgentContainer",
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
