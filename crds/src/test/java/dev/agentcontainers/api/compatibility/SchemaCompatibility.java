package dev.agentcontainers.api.compatibility;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Compares two structural schemas. Rules in CEL are not understood here: a new or changed one counts as a break, and who
 * adds one that refuses nothing that was accepted writes it into the released schema, too.
 */
final class SchemaCompatibility {
    private static final List<String> LOWER_BOUNDS = List.of("minimum", "minLength", "minItems", "minProperties");
    private static final List<String> UPPER_BOUNDS = List.of("maximum", "maxLength", "maxItems", "maxProperties");
    private static final List<String> FIXED = List.of(
            "type",
            "default",
            "x-kubernetes-list-type",
            "x-kubernetes-list-map-keys",
            "x-kubernetes-int-or-string",
            "x-kubernetes-preserve-unknown-fields");

    private SchemaCompatibility() {}

    static void compare(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        compareFixed(path, older, newer, breaks);
        compareBounds(path, older, newer, breaks);
        compareValues(path, older, newer, breaks);
        compareRules(path, older, newer, breaks);
        compareFields(path, older, newer, breaks);
        for (String nested : List.of("items", "additionalProperties")) {
            if (older.path(nested).isObject()) {
                compare(path + "[]", older.get(nested), newer.path(nested), breaks);
            }
        }
    }

    private static void compareFixed(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        for (String keyword : FIXED) {
            // A default where there was none changes what is stored, but no manifest.
            boolean newDefault = keyword.equals("default") && !older.has(keyword);
            if (!newDefault && !older.path(keyword).equals(newer.path(keyword))) {
                breaks.add("%s: %s changed from %s to %s"
                        .formatted(path, keyword, text(older, keyword), text(newer, keyword)));
            }
        }
    }

    private static void compareBounds(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        for (String bound : LOWER_BOUNDS) {
            if (newer.has(bound)
                    && (!older.has(bound)
                            || newer.get(bound).asLong() > older.get(bound).asLong())) {
                breaks.add("%s: %s was tightened from %s to %s"
                        .formatted(path, bound, text(older, bound), text(newer, bound)));
            }
        }
        for (String bound : UPPER_BOUNDS) {
            if (newer.has(bound)
                    && (!older.has(bound)
                            || newer.get(bound).asLong() < older.get(bound).asLong())) {
                breaks.add("%s: %s was tightened from %s to %s"
                        .formatted(path, bound, text(older, bound), text(newer, bound)));
            }
        }
    }

    private static void compareValues(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        for (String keyword : List.of("pattern", "format")) {
            // int32 to int64 widens.
            boolean widened = newer.path(keyword).asText().equals("int64")
                    && older.path(keyword).asText().equals("int32");
            if (newer.has(keyword) && !widened && !newer.get(keyword).equals(older.path(keyword))) {
                breaks.add("%s: %s changed from %s to %s"
                        .formatted(path, keyword, text(older, keyword), text(newer, keyword)));
            }
        }
        if (newer.has("enum") && !older.has("enum")) {
            breaks.add(path + ": enum is new");
        }
        Set<String> values = texts(newer.path("enum"));
        for (JsonNode value : newer.has("enum") ? older.path("enum") : newer.path("enum")) {
            if (!values.contains(value.asText())) {
                breaks.add(path + ": enum value " + value.asText() + " was removed");
            }
        }
    }

    private static void compareRules(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        Set<String> known = new TreeSet<>();
        older.path("x-kubernetes-validations")
                .forEach(rule -> known.add(rule.path("rule").asText()));
        for (JsonNode rule : newer.path("x-kubernetes-validations")) {
            if (!known.contains(rule.path("rule").asText())) {
                breaks.add(
                        path + ": rule is new or changed: " + rule.path("rule").asText());
            }
        }
    }

    private static void compareFields(String path, JsonNode older, JsonNode newer, List<String> breaks) {
        for (Map.Entry<String, JsonNode> field : older.path("properties").properties()) {
            String fieldPath = path + "." + field.getKey();
            if (newer.path("properties").has(field.getKey())) {
                compare(fieldPath, field.getValue(), newer.get("properties").get(field.getKey()), breaks);
            } else {
                breaks.add(fieldPath + ": was removed");
            }
        }
        Set<String> required = texts(newer.path("required"));
        required.removeAll(texts(older.path("required")));
        for (String name : required) {
            // Where its default fills it in, nobody need write it.
            if (!newer.path("properties").path(name).has("default")) {
                breaks.add(path + "." + name + ": is newly required");
            }
        }
    }

    private static Set<String> texts(JsonNode list) {
        Set<String> texts = new TreeSet<>();
        list.forEach(entry -> texts.add(entry.asText()));
        return texts;
    }

    private static String text(JsonNode schema, String keyword) {
        return schema.has(keyword) ? schema.get(keyword).toString() : "none";
    }
}
