package dev.agentcontainers.cli.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.cli.terminal.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Agents whose tar is not GNU's, which {@code CopyTest} has: what all of them are asked for. */
@Timeout(60)
class OtherTarsTest extends CopiedFolders {
    @ParameterizedTest
    @ValueSource(strings = {"busybox", "bsdtar", "toybox"})
    void filesFoldersAndLinksGoBothWays(String other) throws Exception {
        Path program = Path.of("/usr/bin", other);
        assumeTrue(Files.isExecutable(program), other + " is not installed");
        Path tools = Files.createDirectory(folder.resolve("tools"));
        Files.createSymbolicLink(tools.resolve("tar"), program);
        programs.by("env", "PATH=" + tools + ":" + System.getenv("PATH"), "LC_ALL=C.UTF-8");
        Path source = Files.createDirectory(machine.resolve("d"));
        Files.writeString(source.resolve("-ü 1"), "content");
        Files.setLastModifiedTime(source.resolve("-ü 1"), THEN);
        Files.writeString(source.resolve("x".repeat(200)), "long");
        Files.writeString(source.resolve("run"), "#!/bin/sh");
        Files.setPosixFilePermissions(source.resolve("run"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.createSymbolicLink(source.resolve("link"), Path.of("run"));
        Files.createDirectory(source.resolve("empty"));

        assertThat(up("d", "there")).isZero();
        // A folder that is there, which has to be seen.
        assertThat(up("d/run", "there")).isZero();
        assertThat(down("there", "back")).isZero();
        assertThatThrownBy(() -> down("none", "none"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("none: ")
                .hasMessageContaining("No such file or directory");

        assertThat(said.toString()).isEmpty();
        Path back = machine.resolve("back");
        assertThat(back.resolve("-ü 1")).hasContent("content");
        assertThat(Files.getLastModifiedTime(back.resolve("-ü 1"))).isEqualTo(THEN);
        assertThat(back.resolve("x".repeat(200))).hasContent("long");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(back.resolve("run"))))
                .isEqualTo("rwxr-x---");
        assertThat(Files.readSymbolicLink(back.resolve("link"))).hasToString("run");
        assertThat(back.resolve("empty")).isEmptyDirectory();
    }
}
