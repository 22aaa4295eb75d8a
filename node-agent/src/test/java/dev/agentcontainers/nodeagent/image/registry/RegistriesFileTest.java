package dev.agentcontainers.nodeagent.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegistriesFileTest {
    @TempDir
    Path folder;

    private RegistrySettings read(String content) throws IOException {
        return RegistriesFile.read(Files.writeString(folder.resolve("registries.yaml"), content));
    }

    @Test
    void saysHowRegistriesAreReached() throws IOException {
        RegistrySettings settings = read("""
            mirrors:
              docker.io: [mirror.example.org:5000, other.example.org]
              registry.example.org:
            plainHttp: [mirror.example.org:5000]
            authoritiesFile: /etc/authorities.pem
            """);

        assertThat(settings.mirrors())
                .containsEntry("docker.io", List.of("mirror.example.org:5000", "other.example.org"))
                .containsEntry("registry.example.org", List.of());
        assertThat(settings.plainHttp()).containsExactly("mirror.example.org:5000");
        assertThat(settings.authorities()).contains(Path.of("/etc/authorities.pem"));
        assertThat(settings.patience()).isEqualTo(RegistrySettings.DEFAULT.patience());
    }

    @Test
    void whatItDoesNotHaveIsTheUsual() throws IOException {
        assertThat(read("# nothing yet\n")).isEqualTo(RegistrySettings.DEFAULT);
        assertThat(read("plainHttp: []\n")).isEqualTo(RegistrySettings.DEFAULT);
        assertThat(read("")).isEqualTo(RegistrySettings.DEFAULT);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        insecure: [a]          | 'insecure'
        plainHttp: true        | 'plainHttp'
        mirrors: [a]           | 'mirrors'
        plainHttp: [a, null]   | 'plainHttp'
        plainHttp: [~]         | 'plainHttp'
        mirrors: {b: [null]}   | 'mirrors.b'
        mirrors: {a: b: c}     | registries.yaml
        """)
    void whatCannotBeReadIsNamed(String content, String says) {
        assertThatThrownBy(() -> read(content))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("registries.yaml")
                .hasMessageContaining(says)
                .hasMessageContaining("it has mirrors");
    }
}
