package dev.agentcontainers.nodeagent.image.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Does not unpack: a layer's archive is its only file. */
public final class WholeArchives implements LayerFiles {
    @Override
    public void unpack(InputStream archive, Path directory, Taking taking) throws IOException {
        taking.file();
        Files.copy(archive, directory.resolve("archive"));
    }

    @Override
    public long freeFiles(Path directory) {
        return 100;
    }

    @Override
    public void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
