package dev.agentcontainers.startcache;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the files of one rehearsal. */
record ScratchFolder(Path path) implements AutoCloseable {
    private static final String PREFIX = "start-cache-rehearsal-";
    /** Longer than a rehearsal may take. */
    private static final Duration LEFT_BEHIND = Duration.ofMinutes(15);

    /** Makes one, and removes what was left there by a process that was killed. */
    static ScratchFolder in(Path parent) throws IOException {
        Instant old = Instant.now().minus(LEFT_BEHIND);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                if (Files.getLastModifiedTime(folder).toInstant().isBefore(old)) {
                    delete(folder);
                }
            }
        }
        return new ScratchFolder(Files.createTempDirectory(parent, PREFIX));
    }

    @Override
    public void close() throws IOException {
        delete(path);
    }

    private static void delete(Path tree) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(tree)) {
            deepestFirst = new ArrayList<>(files.toList()).reversed();
        }
        for (Path file : deepestFirst) {
            Files.deleteIfExists(file);
        }
    }
}
