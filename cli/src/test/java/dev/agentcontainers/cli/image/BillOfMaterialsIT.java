package dev.agentcontainers.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CycloneDX bill of materials that the phase package writes for what is delivered. */
class BillOfMaterialsIT {

    private static final Path ROOT = Path.of(System.getProperty("project.root", ".."));

    @ParameterizedTest
    @CsvSource({"operator,kubernetes-client-api", "node-agent,jna", "cli,picocli"})
    void listsDependenciesWithVersionAndPackageUrl(String module, String dependency) throws IOException {
        Path file = ROOT.resolve(module).resolve("target/bom.json");
        assumeTrue(Files.exists(file), file + " is missing: the phase package makes it");
        JsonNode bill = new ObjectMapper().readTree(file.toFile());

        assertThat(bill.get("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(bill.at("/metadata/component/name").asText()).isEqualTo("agentcontainers-" + module);
        assertThat(bill.get("components")).anySatisfy(component -> {
            assertThat(component.get("name").asText()).isEqualTo(dependency);
            assertThat(component.get("purl").asText())
                    .startsWith("pkg:maven/")
                    .contains("/" + dependency + "@" + component.get("version").asText());
        });
        assertThat(bill.get("components"))
                .as("test dependencies are not delivered")
                .noneSatisfy(
                        component -> assertThat(component.get("name").asText()).isEqualTo("assertj-core"));
        assertThat(bill.get("dependencies").size()).isGreaterThan(5);
    }
}
