package dev.agentcontainers.operator.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The chart agentcontainers-crds carries copies, because a chart can't reach outside its folder. */
class ApiChartTest {

    @Test
    void carriesTheApiUnchanged() throws IOException {
        assertThat(contents(Charts.API.resolve("files")))
                .as(
                        "helm/agentcontainers-crds/files differs from crds/yaml; run: "
                                + "rm -f helm/agentcontainers-crds/files/*.yaml && cp crds/yaml/*.yaml helm/agentcontainers-crds/files/")
                .isEqualTo(contents(Charts.API_YAML))
                .isNotEmpty();
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".yaml")).toList()) {
                contents.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        return contents;
    }
}
