package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.linux.identity.IdRange;
import dev.agentcontainers.nodeagent.linux.rootfs.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProgramSearchTest {
    private static final String PATH = "/none:/bin::/usr/local/bin";

    @TempDir
    private Path root;

    @BeforeEach
    void furnish() throws IOException {
        file("usr/bin/tool", "rwxr-xr-x");
        file("usr/bin/plain", "rw-r--r--");
        file("usr/bin/roots", "rwxr-x---");
        file("usr/local/bin/plain-there", "rw-r--r--");
        file("work/script", "rwxr-xr-x");
        Files.createDirectory(root.resolve("usr/bin/folder"));
        file("usr/local/bin/folder", "rwxr-xr-x");
        // Of the root's own, and out of it only where the host's were followed.
        Files.createSymbolicLink(root.resolve("bin"), Path.of("/usr/bin"));
        Files.createSymbolicLink(root.resolve("usr/bin/link"), Path.of("/usr/bin/tool"));
        Files.createSymbolicLink(root.resolve("usr/bin/out"), Path.of("../../../../../../../../etc/passwd"));
    }

    private void file(String path, String mode) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.createFile(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private void search(String program) throws IOException {
        search(program, new IdRange(300_000_000, 65_536), RunAs.ROOT);
    }

    private void search(String program, IdRange ids, RunAs runAs) throws IOException {
        new ProgramSearch(Mounts.ofThisMachine(), root, ids, runAs).require(program, PATH, "/work");
    }

    /** An image's user: what counts are its own ids in the sandbox. */
    @Test
    void whoExecutesItCounts() throws IOException {
        Path tool = root.resolve("usr/bin/roots");
        int user = 1000;
        IdRange shifted = new IdRange(300_000_000, 65_536);
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root, to give files away");
        Files.setAttribute(tool, "unix:uid", (int) shifted.first() + user);
        assertThatCode(() -> search("roots", shifted, new RunAs(user, 5, List.of(), Optional.empty())))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> search("roots", shifted, RunAs.ROOT)).hasMessageContaining("Permission denied");
        Files.setAttribute(tool, "unix:gid", (int) shifted.first() + 7);
        assertThatCode(() -> search("roots", shifted, new RunAs(1, 5, List.of(7), Optional.empty())))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> search("roots", shifted, new RunAs(1, 5, List.of(6), Optional.empty())))
                .hasMessageContaining("Permission denied");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"tool", "link", "script", "folder", "/usr/bin/tool", "./script", "../bin/link", "/proc/self/exe"
            })
    void whatIsThereIsFound(String program) {
        assertThatCode(() -> search(program)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nope          | executable file `nope` not found in $PATH: No such file or directory
            out           | executable file `out` not found in $PATH: No such file or directory
            plain         | executable file `plain`: Permission denied
            plain-there   | executable file `plain-there`: Permission denied
            roots         | executable file `roots`: Permission denied
            /usr/bin      | executable file `/usr/bin`: Permission denied
            /usr/bin/nope | executable file `/usr/bin/nope` not found: No such file or directory
            bin/tool      | executable file `bin/tool` not found: No such file or directory
            ''            | executable file `` not found: No such file or directory
            """)
    void whatIsNotIsNamed(String program, String message) {
        assertThatThrownBy(() -> search(program))
                .isInstanceOf(IOException.class)
                .hasMessage(message);
    }
}
