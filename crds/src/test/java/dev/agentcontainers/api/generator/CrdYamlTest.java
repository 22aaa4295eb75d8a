package dev.agentcontainers.api.generator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CrdYamlTest {
    static final String HEADER =
            "# Generated from the Java model in crds/src/main/java; don't edit (see CrdYamlTest).\n";

    static List<ObjectNode> definitions() {
        return List.copyOf(CustomResources.definitions().values());
    }

    @ParameterizedTest
    @MethodSource("definitions")
    void theCommittedYamlIsWhatTheModelMakes(ObjectNode definition) {
        String name = definition.at("/metadata/name").asText();

        GeneratedFiles.check(
                GeneratedFiles.root().resolve("crds/yaml/" + name + ".yaml"), HEADER + Yaml.write(definition));
    }

    @ParameterizedTest
    @MethodSource("definitions")
    void everyFieldIsDescribed(ObjectNode definition) {
        List<String> undescribed = new ArrayList<>();
        JsonNode root = definition.at("/spec/versions/0/schema/openAPIV3Schema");
        collectUndescribed(root, definition.at("/spec/names/kind").asText(), undescribed);

        assertThat(undescribed).isEmpty();
    }

    private static void collectUndescribed(JsonNode schema, String path, List<String> undescribed) {
        if (schema.path("description").asText().isBlank()) {
            undescribed.add(path);
        }
        for (Map.Entry<String, JsonNode> field : schema.path("properties").properties()) {
            collectUndescribed(field.getValue(), path + "." + field.getKey(), undescribed);
        }
        for (Map.Entry<String, JsonNode> field :
                schema.path("items").path("properties").properties()) {
            collectUndescribed(field.getValue(), path + "[]." + field.getKey(), undescribed);
        }
    }
}
