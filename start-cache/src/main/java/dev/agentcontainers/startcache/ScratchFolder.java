package dev.agentcontainers.startcache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the files of one rehearsal. */
record ScratchFolder(Path path) implements AutoCloseable {
    static ScratchFolder in(Path parent) throws IOException {
        return new ScratchFolder(Files.createTempDirectory(parent, "rehearsal-"));
    }

    @Override
    public void close() throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(path)) {
            deepestFirst = new ArrayList<>(files.toList()).reversed();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }
}
