package dev.agentcontainers.api.generator;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.v1alpha1.MapList;
import dev.agentcontainers.api.v1alpha1.Timestamp;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Completes a schema by what its Java type says and the generator does not write: list maps, formats, enum values in
 * their order, and the Kubernetes types in full.
 */
final class SchemaRefinement {
    private static final ObjectNode KNOWN_TYPES = Yaml.resource("known-types.yaml");

    private SchemaRefinement() {}

    static void refine(ObjectNode schema, Type type) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            if (generic.getRawType() == List.class) {
                refine((ObjectNode) schema.get("items"), arguments[0]);
            } else if (generic.getRawType() == Map.class) {
                refine((ObjectNode) schema.get("additionalProperties"), arguments[1]);
            }
        } else if (type instanceof Class<?> raw) {
            refineClass(schema, raw);
        }
    }

    private static void refineClass(ObjectNode schema, Class<?> type) {
        if (KNOWN_TYPES.has(type.getSimpleName())) {
            schema.remove(List.of("type", "properties", "required", "anyOf"));
            // Rules of the field stay beside those of the type.
            schema.setAll((ObjectNode) KNOWN_TYPES.get(type.getSimpleName()).deepCopy());
        } else if (type.isRecord()) {
            for (RecordComponent component : type.getRecordComponents()) {
                refineField((ObjectNode) schema.get("properties").get(jsonName(component)), component);
            }
        } else if (type.isEnum()) {
            ArrayNode values = schema.putArray("enum");
            for (Object constant : type.getEnumConstants()) {
                values.add(((Enum<?>) constant).name());
            }
        } else if (type == Integer.class) {
            schema.put("format", "int32");
        } else if (type == Long.class) {
            schema.put("format", "int64");
        }
        wholeNumber(schema, "minimum");
        wholeNumber(schema, "maximum");
    }

    private static void refineField(ObjectNode field, RecordComponent component) {
        refine(field, component.getGenericType());
        if (component.isAnnotationPresent(Timestamp.class)) {
            field.put("format", "date-time");
        }
        MapList mapList = component.getAnnotation(MapList.class);
        if (mapList != null) {
            field.put("x-kubernetes-list-type", "map");
            ArrayNode keys = field.putArray("x-kubernetes-list-map-keys");
            List.of(mapList.value()).forEach(keys::add);
            requireKeys((ObjectNode) field.get("items"), mapList.value());
        }
    }

    private static void requireKeys(ObjectNode items, String[] keys) {
        Set<String> required = new TreeSet<>(List.of(keys));
        items.path("required").forEach(name -> required.add(name.asText()));
        ArrayNode all = items.putArray("required");
        required.forEach(all::add);
    }

    private static String jsonName(RecordComponent component) {
        JsonProperty property = component.getAccessor().getAnnotation(JsonProperty.class);
        return property == null || property.value().isEmpty() ? component.getName() : property.value();
    }

    private static void wholeNumber(ObjectNode schema, String field) {
        if (schema.has(field)) {
            schema.put(field, schema.get(field).asLong());
        }
    }

    /** The generator finds the rules of a record component twice, at the field and at the accessor. */
    static void dropRepeatedRules(JsonNode node) {
        if (node instanceof ObjectNode object && object.get("x-kubernetes-validations") instanceof ArrayNode rules) {
            Set<JsonNode> seen = new HashSet<>();
            rules.removeIf(rule -> !seen.add(rule));
        }
        node.forEach(SchemaRefinement::dropRepeatedRules);
    }
}
