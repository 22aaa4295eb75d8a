package dev.agentcontainers.nodeagent.standalone.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ServiceSocketTest {
    @TempDir
    private Path folder;

    /** The one group that whoever runs the test may give a file to. */
    private String group = "";

    @BeforeEach
    void openFolder() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        group = Files.readAttributes(folder, PosixFileAttributes.class).group().getName();
    }

    @Test
    void theGroupGetsToTheSocketWhateverTheUmaskMadeOfItsFolders() throws Exception {
        Path ours = Files.createDirectory(folder.resolve("agentcontainers"));
        Files.setPosixFilePermissions(ours, PosixFilePermissions.fromString("rwx------"));
        Path missing = ours.resolve("sockets");
        Path socket = missing.resolve("node.sock");

        try (ServerSocketChannel listener = ServiceSocket.listen(socket, group)) {
            assertThat(listener.isOpen()).isTrue();
            assertThat(mode(ours)).isEqualTo("rwx--x--x");
            assertThat(mode(missing)).isEqualTo("rwx--x--x");
            assertThat(mode(socket)).isEqualTo("rw-rw----");
            assertThatThrownBy(() -> ServiceSocket.listen(socket, group))
                    .isInstanceOf(RefusedRunException.class)
                    .hasMessageContaining("another service listens on " + socket);
        }
    }

    @Test
    void aSocketThatNobodyListensOnIsReplaced() throws Exception {
        Path socket = folder.resolve("node.sock");
        ServiceSocket.listen(socket, group).close();
        assertThat(socket).exists();

        try (ServerSocketChannel listener = ServiceSocket.listen(socket, group)) {
            assertThat(listener.isOpen()).isTrue();
        }
    }

    @Test
    void aGroupThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> ServiceSocket.listen(folder.resolve("node.sock"), "no-such-group"))
                .isInstanceOf(RefusedRunException.class)
                .hasMessageContaining("there is no group no-such-group")
                .hasMessageContaining("groupadd --system no-such-group");
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
