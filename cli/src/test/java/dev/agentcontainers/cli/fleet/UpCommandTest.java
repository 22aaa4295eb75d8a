package dev.agentcontainers.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.cli.terminal.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What {@code agentctl up} tells its node agents. */
class UpCommandTest {
    @TempDir
    private Path folder;

    @Test
    void nodesReachRegistriesAsTheFileSays() throws IOException {
        Path registries = Files.writeString(folder.resolve("registries.yaml"), "plainHttp: ['localhost:5000']");

        assertThat(settings("--registries=" + registries))
                .containsEntry("AGENTCONTAINERS_NODE_REGISTRIES_FILE", registries.toString());
    }

    @Test
    void theMachinesOwnFilesAreUsedWhereTheyAreThere() {
        Map<String, String> settings = settings();

        Map.of("REGISTRIES", "registries.yaml", "SIGNATURES", "signatures.yaml").forEach((name, file) -> {
            Path usual = Path.of("/etc/agentcontainers", file);
            if (Files.exists(usual)) {
                assertThat(settings).containsEntry("AGENTCONTAINERS_NODE_" + name + "_FILE", usual.toString());
            } else {
                assertThat(settings).doesNotContainKey("AGENTCONTAINERS_NODE_" + name + "_FILE");
            }
        });
    }

    @Test
    void aFileThatIsWrongIsSaidBeforeAnythingIsBroughtUp() throws IOException {
        Path registries = Files.writeString(folder.resolve("registries.yaml"), "mirror: []");

        assertThatThrownBy(() -> settings("--registries=" + registries))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--registries: ")
                .hasMessageContaining("mirror");
    }

    private static Map<String, String> settings(String... flags) {
        UpCommand command = new UpCommand();
        new CommandLine(command).parseArgs(flags);
        return command.nodeSettings();
    }
}
