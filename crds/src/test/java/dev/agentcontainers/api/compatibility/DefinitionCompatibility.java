package dev.agentcontainers.api.compatibility;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compares two CustomResourceDefinitions: what the older accepts the newer must accept and keep. */
final class DefinitionCompatibility {
    private DefinitionCompatibility() {}

    /** The incompatible changes, each with the path of the field; empty where there is none. */
    static List<String> breaks(JsonNode older, JsonNode newer) {
        List<String> breaks = new ArrayList<>();
        for (String name : List.of("/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural")) {
            if (!older.at(name).equals(newer.at(name))) {
                breaks.add("%s: changed from %s to %s".formatted(name, older.at(name), newer.at(name)));
            }
        }
        for (JsonNode alias : older.at("/spec/names/shortNames")) {
            if (!contains(newer.at("/spec/names/shortNames"), alias)) {
                breaks.add("/spec/names/shortNames: " + alias + " was removed");
            }
        }
        Map<String, JsonNode> versions = versions(newer);
        versions(older).forEach((name, version) -> {
            JsonNode successor = versions.get(name);
            if (successor == null || !successor.path("served").asBoolean()) {
                breaks.add(name + ": the version is not served any more");
            } else {
                compareVersions(name, version, successor, breaks);
            }
        });
        return breaks;
    }

    private static void compareVersions(String name, JsonNode older, JsonNode newer, List<String> breaks) {
        for (Map.Entry<String, JsonNode> subresource :
                older.path("subresources").properties()) {
            if (!newer.path("subresources").has(subresource.getKey())) {
                breaks.add(name + ": the subresource " + subresource.getKey() + " was removed");
            }
        }
        SchemaCompatibility.compare(
                name, older.at("/schema/openAPIV3Schema"), newer.at("/schema/openAPIV3Schema"), breaks);
    }

    private static Map<String, JsonNode> versions(JsonNode definition) {
        Map<String, JsonNode> versions = new HashMap<>();
        definition
                .at("/spec/versions")
                .forEach(version -> versions.put(version.path("name").asText(), version));
        return versions;
    }

    private static boolean contains(JsonNode list, JsonNode value) {
        for (JsonNode entry : list) {
            if (entry.equals(value)) {
                return true;
            }
        }
        return false;
    }
}
