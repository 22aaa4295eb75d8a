package dev.agentcontainers.localcluster.binaries;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With a shell script in the place of {@code go}. */
class GoToolchainTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void onlyOnPosix() {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "needs /bin/sh");
    }

    @ParameterizedTest
    @CsvSource({
        "go version go1.26.8 linux/amd64,  26, true,  local",
        "go version go1.27rc1 linux/arm64, 27, true,  local",
        "go version go1.24.4 linux/amd64,  24, true,  auto",
        "go version go1.19.8 linux/amd64,  19, false, auto",
    })
    void readsItsVersion(String output, int minor, boolean usable, String selection) throws IOException {
        Path go = script("echo '" + output + "'");

        GoToolchain found =
                GoToolchain.find(Map.of("PATH", "/nonexistent:" + folder)).orElseThrow();

        assertThat(found).isEqualTo(new GoToolchain(go, minor));
        assertThat(found.isUsable()).isEqualTo(usable);
        assertThat(found.selection()).isEqualTo(selection);
    }

    @Test
    void passesOverWhatDoesNotWork() throws IOException {
        Path broken = script("exit 1");

        assertThat(GoToolchain.find(Map.of("PATH", folder.toString())).map(GoToolchain::executable))
                .isNotEqualTo(Optional.of(broken));
    }

    private Path script(String command) throws IOException {
        Path script = folder.resolve("go");
        Files.writeString(script, "#!/bin/sh\n" + command + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }
}
