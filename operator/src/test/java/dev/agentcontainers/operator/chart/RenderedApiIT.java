package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.agentcontainers.localcluster.process.ExternalProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chart reads the API's YAML and writes it again: nothing may be lost or changed (large numbers, for one). */
class RenderedApiIT {

    private static final YAMLMapper YAML = new YAMLMapper();

    @TempDir
    static Path scratch;

    private static ExternalProgram helm;

    @BeforeAll
    static void findHelm() {
        helm = HelmCluster.offlineHelmOrSkip(scratch);
    }

    @Test
    void whatIsInstalledIsWhatTheProjectApplies() throws IOException {
        Map<String, JsonNode> written = new TreeMap<>();
        try (Stream<Path> files = Files.list(Charts.API_YAML)) {
            for (Path file : files.toList()) {
                collect(Files.readString(file), written);
            }
        }
        Map<String, JsonNode> rendered = new TreeMap<>();
        collect(helm.run("template", "t", Charts.API.toString(), "--set", "keep=false"), rendered);

        assertThat(rendered.keySet()).isEqualTo(written.keySet());
        assertThat(rendered).isEqualTo(written);
    }

    @Test
    void definitionsAreKeptUnlessToldOtherwise() throws IOException {
        Map<String, JsonNode> rendered = new TreeMap<>();
        collect(helm.run("template", "t", Charts.API.toString()), rendered);

        assertThat(rendered)
                .allSatisfy((name, object) -> assertThat(object.at("/metadata/annotations")
                                .path("helm.sh/resource-policy")
                                .asText())
                        .isEqualTo(name.startsWith("CustomResourceDefinition ") ? "keep" : ""));
    }

    private static void collect(String yaml, Map<String, JsonNode> objects) throws IOException {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            while (documents.hasNext()) {
                if (documents.next() instanceof ObjectNode object) {
                    objects.put(
                            object.path("kind").asText() + " "
                                    + object.at("/metadata/name").asText(),
                            object);
                }
            }
        }
    }
}
