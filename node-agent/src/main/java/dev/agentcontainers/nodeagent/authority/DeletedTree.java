package dev.agentcontainers.nodeagent.authority;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Folders of this package's own, with all that is in them. */
final class DeletedTree {
    private DeletedTree() {}

    /** No effect where there is none. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.toList().reversed()) {
                Files.deleteIfExists(each);
            }
        } catch (NoSuchFileException e) {
            // It is gone.
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
