package dev.agentcontainers.nodeagent.linux.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.agentcontainers.nodeagent.image.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of a root that strangers made. */
class ImageFilesTest {
    @TempDir
    Path folder;

    private ImageFiles files;

    @BeforeEach
    void root() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "Linux's links");
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.createDirectory(root.resolve("etc"));
        Files.writeString(folder.resolve("secret"), "secret");
        files = new ImageFiles(LayerCalls.ofThisMachine(), root);
    }

    private Path etc(String name) {
        return folder.resolve("root/etc").resolve(name);
    }

    @Test
    void areReadInsideOfTheRoot() throws IOException {
        Files.writeString(etc("passwd"), "é");
        Files.createSymbolicLink(etc("absolute"), Path.of("/etc/passwd"));
        assertThat(files.text("etc/passwd")).isEqualTo("é");
        assertThat(files.text("etc/absolute")).isEqualTo("é");
        assertThat(files.text("etc/none")).isEmpty();
        assertThat(files.text("etc/passwd/none")).isEmpty();
    }

    @Test
    void areNeverThoseOfTheHost() throws IOException {
        Files.createSymbolicLink(etc("absolute"), folder.resolve("secret"));
        Files.createSymbolicLink(etc("relative"), Path.of("../../secret"));
        Files.createSymbolicLink(etc("magic"), Path.of("/proc/self/environ"));
        for (String name : List.of("absolute", "relative", "magic")) {
            assertThat(files.text("etc/" + name)).isEmpty();
        }
    }

    @Test
    void areNothingButFiles() throws Exception {
        Process pipe = new ProcessBuilder("mkfifo", etc("passwd").toString()).start();
        assertThat(pipe.waitFor()).isZero();
        Files.write(etc("huge"), "x".repeat((1 << 20) + 1).getBytes(UTF_8));

        assertThatThrownBy(() -> files.text("etc/passwd")).hasMessageContaining("is not a file");
        assertThatThrownBy(() -> files.text("etc")).hasMessageContaining("is not a file");
        assertThatThrownBy(() -> files.text("etc/huge")).hasMessageContaining("1048576 bytes");
    }

    /** The same with every start: tried again, it would never be told to whoever made the image. */
    @Test
    void linksInACircleAreTheImagesFault() throws Exception {
        Files.createSymbolicLink(etc("passwd"), Path.of("group"));
        Files.createSymbolicLink(etc("group"), Path.of("/etc/passwd"));

        assertThatThrownBy(() -> ImageUser.in(folder.resolve("root"), "agent"))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ImageException.Kind.UNUSABLE))
                .hasMessageContaining("etc/passwd is a link");
    }
}
