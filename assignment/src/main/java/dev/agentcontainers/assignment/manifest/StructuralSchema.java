package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Fills in defaults and checks a value by a structural schema, as API servers do. Source: Kubernetes documentation, "Extend
 * the Kubernetes API with CustomResourceDefinitions"; the messages are worded after the API server's.
 */
record StructuralSchema(JsonNode root) {
    private static final String INT_OR_STRING = "x-kubernetes-int-or-string";
    private static final int LONGEST_SHOWN = 100;
    private static final String WRONG_TYPE = "must be of type ";
    private static final String KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields";

    /** Removes nulls and puts defaults where nothing stands. Changes the value. */
    void fillIn(ObjectNode value) {
        fillIn(root, value);
    }

    private static void fillIn(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            for (Iterator<JsonNode> fields = object.iterator(); fields.hasNext(); ) {
                if (fields.next().isNull()) {
                    fields.remove();
                }
            }
            for (Map.Entry<String, JsonNode> property :
                    schema.path("properties").properties()) {
                JsonNode defaultValue = property.getValue().get("default");
                if (defaultValue != null && !object.has(property.getKey())) {
                    object.set(property.getKey(), defaultValue.deepCopy());
                }
            }
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                fillIn(ofField(schema, field.getKey()), field.getValue());
            }
        } else if (value instanceof ArrayNode list) {
            list.forEach(each -> fillIn(schema.path("items"), each));
        }
    }

    /** Everything that is wrong; the rules are asked only where every value is of the right type. */
    List<Problem> check(ObjectNode value) {
        List<Problem> problems = new ArrayList<>();
        checkForm(root, value, "", problems);
        if (problems.stream().noneMatch(problem -> problem.message().startsWith(WRONG_TYPE))) {
            checkRules(root, value, "", problems);
        }
        return problems;
    }

    private static JsonNode ofField(JsonNode schema, String name) {
        JsonNode property = schema.path("properties").path(name);
        return property.isMissingNode() ? schema.path("additionalProperties") : property;
    }

    private static String at(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    private static void checkForm(JsonNode schema, JsonNode value, String path, List<Problem> problems) {
        if (!isOfType(schema, value)) {
            String wanted = schema.path(INT_OR_STRING).asBoolean()
                    ? "integer or string"
                    : schema.path("type").asText();
            problems.add(new Problem(path, WRONG_TYPE + "%s, but is of type %s".formatted(wanted, typeOf(value))));
            return;
        }
        checkEnumeration(schema, value, path, problems);
        if (value.isTextual()) {
            checkText(schema, value.asText(), path, problems);
        } else if (value.isNumber()) {
            checkNumber(schema, value, path, problems);
        } else if (value instanceof ArrayNode list) {
            checkList(schema, list, path, problems);
        } else if (value instanceof ObjectNode object) {
            checkObject(schema, object, path, problems);
        }
    }

    private static boolean isOfType(JsonNode schema, JsonNode value) {
        if (schema.path(INT_OR_STRING).asBoolean()) {
            return value.isIntegralNumber() || value.isTextual();
        }
        return switch (schema.path("type").asText()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber() && value.canConvertToLong();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            default -> true;
        };
    }

    private static String typeOf(JsonNode value) {
        return value.isIntegralNumber() ? "integer" : value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
    }

    private static void checkEnumeration(JsonNode schema, JsonNode value, String path, List<Problem> problems) {
        JsonNode allowed = schema.path("enum");
        if (!allowed.isEmpty()
                && StreamSupport.stream(allowed.spliterator(), false).noneMatch(value::equals)) {
            String list = StreamSupport.stream(allowed.spliterator(), false)
                    .map(JsonNode::toString)
                    .collect(Collectors.joining(", "));
            problems.add(new Problem(
                    path, "Unsupported value: %s: supported values: %s".formatted(shown(value.toString()), list)));
        }
    }

    private static void checkText(JsonNode schema, String text, String path, List<Problem> problems) {
        int length = text.codePointCount(0, text.length());
        if (length > schema.path("maxLength").asInt(Integer.MAX_VALUE)) {
            problems.add(new Problem(
                    path, "has %d characters, may have at most %s".formatted(length, schema.get("maxLength"))));
        }
        if (length < schema.path("minLength").asInt(0)) {
            problems.add(new Problem(path, "must have at least %s characters".formatted(schema.get("minLength"))));
        }
        String pattern = schema.path("pattern").asText();
        if (!pattern.isEmpty() && !Pattern.compile(pattern).matcher(text).find()) {
            problems.add(new Problem(path, "Invalid value: \"%s\": should match '%s'".formatted(shown(text), pattern)));
        }
        if (schema.path("format").asText().equals("byte") && !isBase64(text)) {
            problems.add(new Problem(path, "must be base64; plain text goes to stringData of a Secret"));
        }
    }

    private static String shown(String text) {
        return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "…";
    }

    private static boolean isBase64(String text) {
        try {
            Base64.getDecoder().decode(text.replaceAll("[\\r\\n]", ""));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void checkNumber(JsonNode schema, JsonNode value, String path, List<Problem> problems) {
        if (schema.has("minimum")
                && value.decimalValue().compareTo(schema.get("minimum").decimalValue()) < 0) {
            problems.add(new Problem(
                    path,
                    "Invalid value: %s: should be greater than or equal to %s"
                            .formatted(value, plain(schema, "minimum"))));
        }
        if (schema.has("maximum")
                && value.decimalValue().compareTo(schema.get("maximum").decimalValue()) > 0) {
            problems.add(new Problem(
                    path,
                    "Invalid value: %s: should be less than or equal to %s"
                            .formatted(value, plain(schema, "maximum"))));
        }
        if (schema.path("format").asText().equals("int32") && !value.canConvertToInt()) {
            problems.add(new Problem(path, "Invalid value: %s: does not fit into 32 bits".formatted(value)));
        }
    }

    private static String plain(JsonNode schema, String bound) {
        return schema.get(bound).decimalValue().stripTrailingZeros().toPlainString();
    }

    private static void checkList(JsonNode schema, ArrayNode list, String path, List<Problem> problems) {
        if (list.size() < schema.path("minItems").asInt(0)) {
            problems.add(new Problem(path, "should have at least %s items".formatted(schema.get("minItems"))));
        }
        if (list.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
            problems.add(new Problem(
                    path, "Too many: %d: must have at most %s items".formatted(list.size(), schema.get("maxItems"))));
        }
        Set<List<JsonNode>> seen = new HashSet<>();
        for (int i = 0; i < list.size(); i++) {
            JsonNode each = list.get(i);
            checkForm(schema.path("items"), each, path + "[" + i + "]", problems);
            JsonNode keys = schema.path("x-kubernetes-list-map-keys");
            if (!keys.isEmpty()) {
                List<JsonNode> key = new ArrayList<>();
                keys.forEach(name -> key.add(each.path(name.asText())));
                if (!seen.add(key)) {
                    problems.add(new Problem(
                            path + "[" + i + "]",
                            "Duplicate value: " + shown(key.getFirst().toString())));
                }
            }
        }
    }

    private static void checkObject(JsonNode schema, ObjectNode object, String path, List<Problem> problems) {
        schema.path("required").forEach(name -> {
            if (!object.has(name.asText())) {
                problems.add(new Problem(at(path, name.asText()), "Required value"));
            }
        });
        if (object.size() > schema.path("maxProperties").asInt(Integer.MAX_VALUE)) {
            problems.add(
                    new Problem(path, "Too many: must have at most %s entries".formatted(schema.get("maxProperties"))));
        }
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            JsonNode known = ofField(schema, field.getKey());
            if (known.isObject()) {
                checkForm(known, field.getValue(), at(path, field.getKey()), problems);
            } else if (!schema.path(KEEPS_UNKNOWN).asBoolean()) {
                problems.add(new Problem(at(path, field.getKey()), "unknown field"));
            }
        }
    }

    private static void checkRules(JsonNode schema, JsonNode value, String path, List<Problem> problems) {
        for (JsonNode rule : schema.path("x-kubernetes-validations")) {
            boolean holds = ValidationRules.named(rule.get("rule").asText())
                    .map(check -> check.test(value))
                    .orElse(true);
            if (!holds) {
                String field = path + rule.path("fieldPath").asText();
                problems.add(new Problem(
                        field.isEmpty() ? "metadata.name" : field,
                        rule.path("message").asText()));
            }
        }
        if (value instanceof ArrayNode list) {
            for (int i = 0; i < list.size(); i++) {
                checkRules(schema.path("items"), list.get(i), path + "[" + i + "]", problems);
            }
        } else if (value instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                checkRules(ofField(schema, field.getKey()), field.getValue(), at(path, field.getKey()), problems);
            }
        }
    }
}
