package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** values.yaml, its schema and the README say the same. */
class ChartValuesTest {

    static Stream<Path> charts() {
        return Stream.of(Charts.MAIN, Charts.API);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void everyValueHasAComment(Path chart) throws IOException {
        assertThat(DocumentedValues.of(chart.resolve("values.yaml")))
                .allSatisfy(value -> assertThat(value.comment())
                        .as("comment right above %s", value.path())
                        .isNotBlank());
    }

    @ParameterizedTest
    @MethodSource("charts")
    void theReadmeHasTheTableOfValues(Path chart) throws IOException {
        String table = DocumentedValues.table(DocumentedValues.of(chart.resolve("values.yaml")));

        assertThat(Files.readString(Charts.README))
                .as("the table of %s's values in helm/README.md; put this there:%n%s", chart.getFileName(), table)
                .contains(table);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void theSchemaKnowsEachValueAndNoOther(Path chart) throws IOException {
        JsonNode schema =
                new ObjectMapper().readTree(chart.resolve("values.schema.json").toFile());
        List<String> documented = DocumentedValues.of(chart.resolve("values.yaml")).stream()
                .map(DocumentedValues.Value::path)
                .toList();

        List<String> known = new ArrayList<>();
        collectLeaves("", schema, schema, documented, known);
        known.remove("global"); // Helm's own, for charts that include this one

        assertThat(known).containsExactlyInAnyOrderElementsOf(documented);
    }

    @ParameterizedTest
    @MethodSource("charts")
    void theSchemaRefusesWhatItDoesNotKnow(Path chart) throws IOException {
        JsonNode schema =
                new ObjectMapper().readTree(chart.resolve("values.schema.json").toFile());

        assertThat(schema.findParents("properties").stream()
                        .filter(object -> object.path("type").asText().equals("object"))
                        .filter(object -> !object.path("additionalProperties").isBoolean()))
                .isEmpty();
    }

    /** What is documented as one value, an object too, is not looked into. */
    private static void collectLeaves(
            String prefix, JsonNode schema, JsonNode root, List<String> documented, List<String> leaves) {
        schema.path("properties").properties().forEach(property -> {
            JsonNode value = property.getValue().has("$ref")
                    ? root.at(property.getValue().get("$ref").asText().substring(1))
                    : property.getValue();
            String path = prefix + property.getKey();
            if (value.has("properties") && !documented.contains(path)) {
                collectLeaves(path + ".", value, root, documented, leaves);
            } else {
                leaves.add(path);
            }
        });
    }
}
