package dev.agentcontainers.api.generator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Writes the API reference in Markdown from the definitions, so that it says what the API server enforces. */
final class ApiReference {
    /** Names of ports are shorter than what quantities may be. */
    private static final int LONGEST_PORT = 15;

    private final StringBuilder text = new StringBuilder();

    private ApiReference() {}

    static String of(Collection<? extends JsonNode> definitions) {
        var reference = new ApiReference();
        reference.text.append("""
                # API reference

                <!-- Generated from the CRDs; don't edit (see ApiReferenceTest). -->

                Group `agentcontainers.dev`, version `v1alpha1`. `kubectl explain` says the same. In paths `[]` stands for
                an entry of a list, `{}` for a value of a map. Fields that are not listed here are refused.

                """);
        for (JsonNode definition : definitions) {
            reference.text.append("- [%1$s](#%2$s)\n"
                    .formatted(kind(definition), kind(definition).toLowerCase(Locale.ROOT)));
        }
        definitions.forEach(reference::kindSection);
        return reference.text.toString();
    }

    private static String kind(JsonNode definition) {
        return definition.at("/spec/names/kind").asText();
    }

    private void kindSection(JsonNode definition) {
        JsonNode names = definition.at("/spec/names");
        JsonNode root = definition.at("/spec/versions/0/schema/openAPIV3Schema");
        text.append("\n## ").append(kind(definition)).append("\n\n");
        text.append(root.path("description").asText()).append("\n\n");
        text.append(definition.at("/spec/scope").asText().equals("Namespaced") ? "Namespaced" : "Cluster-scoped");
        text.append("; `").append(names.path("plural").asText()).append('`');
        names.path("shortNames")
                .forEach(name -> text.append(", `").append(name.asText()).append('`'));
        text.append(".\n");
        for (Map.Entry<String, JsonNode> part : root.path("properties").properties()) {
            text.append("\n### ")
                    .append(kind(definition))
                    .append(' ')
                    .append(part.getKey())
                    .append("\n\n");
            text.append(part.getValue().path("description").asText()).append("\n\n");
            text.append("| field | type | description |\n|---|---|---|\n");
            fieldRows(part.getKey(), part.getValue());
        }
        rules(root);
    }

    private void fieldRows(String path, JsonNode schema) {
        List<String> required = texts(schema.path("required"));
        for (Map.Entry<String, JsonNode> field : schema.path("properties").properties()) {
            String fieldPath = path + "." + field.getKey();
            JsonNode value = field.getValue();
            text.append("| `%s` | %s%s | %s |\n"
                    .formatted(
                            fieldPath,
                            type(value),
                            required.contains(field.getKey()) ? ", required" : "",
                            cell(value.path("description").asText() + limits(value))));
            fieldRows(fieldPath, value);
            fieldRows(fieldPath + "[]", value.path("items"));
            fieldRows(fieldPath + "{}", value.path("additionalProperties"));
        }
    }

    private static String type(JsonNode schema) {
        if (schema.has("items")) {
            JsonNode keys = schema.path("x-kubernetes-list-map-keys");
            return "list of " + type(schema.get("items"))
                    + (keys.isEmpty() ? "" : ", by `" + String.join("`, `", texts(keys)) + "`");
        }
        if (schema.has("additionalProperties")) {
            return "map of " + type(schema.get("additionalProperties"));
        }
        if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
            return schema.path("maxLength").asInt() == LONGEST_PORT ? "integer or string" : "quantity";
        }
        if (schema.has("enum")) {
            return "`" + String.join("`, `", texts(schema.get("enum"))) + "`";
        }
        return schema.path("format").asText().equals("date-time")
                ? "time"
                : schema.path("type").asText();
    }

    private static String limits(JsonNode schema) {
        List<String> limits = new ArrayList<>();
        if (schema.has("default") && schema.get("default").isValueNode()) {
            limits.add("default `" + schema.get("default").asText() + "`");
        }
        range(schema, "minimum", "maximum", "", limits);
        range(schema, "minLength", "maxLength", " characters", limits);
        range(schema, "minItems", "maxItems", " entries", limits);
        range(schema, "minProperties", "maxProperties", " entries", limits);
        if (schema.has("pattern")) {
            limits.add("pattern `" + schema.get("pattern").asText() + "`");
        }
        return limits.isEmpty() ? "" : " (" + String.join("; ", limits) + ")";
    }

    private static void range(JsonNode schema, String lower, String upper, String unit, List<String> limits) {
        if (schema.has(lower) && schema.has(upper)) {
            limits.add(schema.get(lower).asText() + " to " + schema.get(upper).asText() + unit);
        } else if (schema.has(upper)) {
            limits.add("at most " + schema.get(upper).asText() + unit);
        } else if (schema.has(lower)) {
            limits.add("at least " + schema.get(lower).asText() + unit);
        }
    }

    private void rules(JsonNode root) {
        List<String> rules = new ArrayList<>();
        collectRules("", root, rules);
        if (!rules.isEmpty()) {
            text.append("\nRules:\n\n");
            rules.forEach(rule -> text.append("- ").append(rule).append('\n'));
        }
    }

    private static void collectRules(String path, JsonNode schema, List<String> rules) {
        for (JsonNode rule : schema.path("x-kubernetes-validations")) {
            String message = rule.path("message").asText();
            rules.add(path.isEmpty() ? message : "`" + path + "`: " + message);
        }
        for (Map.Entry<String, JsonNode> field : schema.path("properties").properties()) {
            collectRules(path.isEmpty() ? field.getKey() : path + "." + field.getKey(), field.getValue(), rules);
        }
        if (schema.has("items")) {
            collectRules(path + "[]", schema.get("items"), rules);
        }
    }

    private static String cell(String content) {
        return content.replace("|", "\\|");
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
