package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class EnterableDirectoryTest {
    @TempDir
    private Path top;

    @BeforeEach
    void openTop() throws IOException {
        Files.setPosixFilePermissions(top, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private Path closed(String name) throws IOException {
        Path path = Files.createDirectories(top.resolve(name));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-x---"));
        return path;
    }

    @Test
    void whatIsMissingIsMadeWithAModeThatDoesNotDependOnTheUmask() throws Exception {
        EnterableDirectory.make(top.resolve("a/b/oci"));
        for (String made : new String[] {"a", "a/b", "a/b/oci"}) {
            assertThat(mode(top.resolve(made))).as(made).isEqualTo("rwx--x--x");
        }
    }

    @Test
    void ownDirectoriesThatAnUmaskHasClosedAreOpened() throws Exception {
        Path own = closed("agentcontainers");
        Path node = closed("agentcontainers/node-1");
        EnterableDirectory.make(node.resolve("oci"));
        assertThat(mode(own)).isEqualTo("rwxr-x--x");
        assertThat(mode(node)).isEqualTo("rwxr-x--x");
    }

    @Test
    void foreignDirectoriesAreLeftAloneAndNamed() throws Exception {
        Path foreign = closed("home");
        assertThatThrownBy(() -> EnterableDirectory.make(foreign.resolve("agentcontainers/oci")))
                .hasMessageContaining("chmod o+x " + foreign);
        assertThat(mode(foreign)).isEqualTo("rwxr-x---");
    }
}
