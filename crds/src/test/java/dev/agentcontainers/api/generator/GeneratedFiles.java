package dev.agentcontainers.api.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are made at build and committed. {@code -Dcrds.write=true} writes them anew. */
final class GeneratedFiles {
    private GeneratedFiles() {}

    static Path root() {
        return Path.of(System.getProperty("project.root", ".."));
    }

    /** Fails where the committed file is not what the model makes now. */
    static void check(Path file, String expected) {
        try {
            if (Boolean.getBoolean("crds.write")) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, expected);
            }
            assertThat(file)
                    .as(
                            "%s is not what the Java model makes; run ./mvnw -pl crds test -Dcrds.write=true and commit it",
                            file)
                    .hasContent(expected);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
