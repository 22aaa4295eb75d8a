package dev.agentcontainers.api.generator;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.client.CustomResource;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Completes what the generator makes of a kind: order of columns, required spec, descriptions, defaults of objects. */
final class DefinitionRefinement {
    private final Class<? extends CustomResource<?, ?>> kind;
    private final ObjectNode version;

    DefinitionRefinement(Class<? extends CustomResource<?, ?>> kind, ObjectNode definition) {
        this.kind = kind;
        version = (ObjectNode) definition.at("/spec/versions/0");
    }

    void apply() {
        orderPrinterColumns();
        ObjectNode root = (ObjectNode) version.at("/schema/openAPIV3Schema");
        root.put("description", descriptionOf(kind));
        root.withArray("required").add("spec");
        ObjectNode properties = (ObjectNode) root.get("properties");
        Type[] types = ((ParameterizedType) kind.getGenericSuperclass()).getActualTypeArguments();
        ObjectNode spec = (ObjectNode) properties.get("spec");
        refine(spec, types[0]);
        if (!spec.has("required")) {
            spec.set("default", Yaml.newObject());
        }
        if (types[1] == Void.class) {
            properties.remove("status");
            version.remove("subresources");
        } else {
            ObjectNode status = (ObjectNode) properties.get("status");
            refine(status, types[1]);
            defaultFromFields(status);
        }
        SchemaRefinement.dropRepeatedRules(root);
    }

    private static void refine(ObjectNode schema, Type type) {
        schema.put("description", descriptionOf((Class<?>) type));
        SchemaRefinement.refine(schema, type);
    }

    /** A default inside an absent object has no effect, so the object gets one: kstatus sees the generation from the start. */
    private static void defaultFromFields(ObjectNode status) {
        ObjectNode defaults = Yaml.newObject();
        for (Map.Entry<String, JsonNode> field : status.get("properties").properties()) {
            if (field.getValue().has("default")) {
                defaults.set(field.getKey(), field.getValue().get("default"));
            }
        }
        if (!defaults.isEmpty()) {
            status.set("default", defaults);
        }
    }

    private static String descriptionOf(Class<?> type) {
        var description = type.getAnnotation(JsonClassDescription.class);
        if (description == null) {
            throw new IllegalStateException(type.getName() + " needs @JsonClassDescription");
        }
        return description.value();
    }

    /** The generator sorts the columns by their path; users see them as they are declared. */
    private void orderPrinterColumns() {
        List<String> declared = Stream.of(kind.getAnnotationsByType(AdditionalPrinterColumn.class))
                .map(AdditionalPrinterColumn::name)
                .toList();
        ArrayNode columns = (ArrayNode) version.get("additionalPrinterColumns");
        List<JsonNode> ordered = StreamSupport.stream(columns.spliterator(), false)
                .sorted(Comparator.comparing(
                        column -> declared.indexOf(column.get("name").asText())))
                .toList();
        columns.removeAll();
        columns.addAll(ordered);
    }
}
