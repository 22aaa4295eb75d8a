package dev.agentcontainers.nodeagent.linux.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrialImageTest {
    @TempDir
    Path temporary;

    private Path folder;
    private Path program;
    private byte[] content;

    @BeforeEach
    void make() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "Linux's permissions");
        folder = temporary.resolve("trial");
        program = TrialImage.layerIn(folder, owner()).resolve("end");
        content = Files.readAllBytes(program);
    }

    private void assertMadeAnew() throws IOException {
        assertThat(TrialImage.layerIn(folder, owner())).isEqualTo(program.getParent());
        assertThat(program).isRegularFile().hasBinaryContent(content);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(program)))
                .isEqualTo("rwxr-xr-x");
        assertThat(folder.resolve("draft")).doesNotExist();
    }

    @Test
    void whatIsThereStays() throws IOException {
        Object before = Files.getAttribute(program, "unix:ino");
        assertMadeAnew();
        assertThat(Files.getAttribute(program, "unix:ino")).isEqualTo(before);
    }

    /** After a loss of power, of another version, or of a disk that loses bits. */
    @Test
    void anotherProgramIsReplaced() throws IOException {
        byte[] flipped = content.clone();
        flipped[flipped.length - 1] ^= 1;
        for (byte[] other : new byte[][] {{}, Arrays.copyOf(content, content.length - 1), flipped}) {
            Files.write(program, other);
            assertMadeAnew();
        }
    }

    @Test
    void whatIsNoProgramIsReplaced() throws IOException {
        Path same = Files.write(temporary.resolve("same"), content);
        Files.delete(program);
        Files.createSymbolicLink(program, same);
        assertMadeAnew();

        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rw-r--r--"));
        Files.writeString(folder.resolve("draft"), "of a process that died");
        assertMadeAnew();
    }

    private long owner() throws IOException {
        return ((Number) Files.getAttribute(temporary, "unix:uid")).longValue();
    }
}
