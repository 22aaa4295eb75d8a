package dev.agentcontainers.nodeagent.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineImagesTest {
    @TempDir
    private Path folder;

    @Test
    void aFileThatWasGivenIsTakenThoughItIsNotThere() {
        Path given = folder.resolve("registries.yaml");

        assertThat(MachineImages.registriesFile(Optional.of(given))).contains(given);
    }

    @Test
    void theUsualFileIsTakenWhereItIsThere() throws IOException {
        Path usual = folder.resolve("registries.yaml");
        assertThat(MachineImages.usual(usual)).isEmpty();

        Files.writeString(usual, "plainHttp: []");

        assertThat(MachineImages.usual(usual)).contains(usual);
    }
}
