package dev.agentcontainers.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.agentcontainers.api.ApiManifests.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ApiManifestsTest {
    @Test
    void listsEveryFileOfTheFolder() throws IOException {
        Path folder = Path.of(System.getProperty("project.root", ".."), "crds", "yaml");
        try (var files = Files.list(folder)) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).toList();

            assertThat(ApiManifests.all()).extracting(Manifest::name).containsExactlyInAnyOrderElementsOf(names);
        }
    }

    @Test
    void definitionsComeFirst() {
        assertThat(ApiManifests.customResourceDefinitions())
                .hasSize(6)
                .allSatisfy(manifest -> assertThat(manifest.yaml()).contains("kind: CustomResourceDefinition"))
                .isEqualTo(ApiManifests.all().subList(0, 6));
    }

    /** The oldest API server that the charts support doesn't know the kinds, and kubectl would stop at them. */
    @Test
    void everySupportedApiServerKnowsAllKinds() {
        assertThat(ApiManifests.all())
                .allSatisfy(manifest -> assertThat(manifest.yaml()).doesNotContain("kind: MutatingAdmissionPolicy"));
    }
}
