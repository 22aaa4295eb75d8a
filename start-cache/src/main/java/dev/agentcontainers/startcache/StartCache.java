package dev.agentcontainers.startcache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cache of one program in a folder. Its file is named by everything that it depends on, so one that has become stale is
 * not found; making the new one removes it. Safe for use by several processes: a file appears whole.
 *
 * @param folder where caches are kept; need not exist
 */
public record StartCache(Program program, Path folder) {
    private static final String SUFFIX = ".aot";

    /** The cache that fits, where it has been made. */
    public Optional<Path> find() {
        try {
            return Optional.of(file()).filter(Files::isRegularFile);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** What the JVM is told about the cache: nothing where there is none. */
    public List<String> options() {
        return find().map(file -> List.of("-XX:AOTCache=" + file)).orElse(List.of());
    }

    /**
     * Makes the cache by a rehearsed start, which takes about half a minute; does nothing where it is there.
     *
     * @throws StartCacheException where this machine can't make it; the program then starts without
     */
    public void make() throws StartCacheException, InterruptedException {
        if (find().isPresent()) {
            return;
        }
        try {
            Files.createDirectories(folder);
            try (ScratchFolder scratch = ScratchFolder.in(folder)) {
                Path made = scratch.path().resolve("cache" + SUFFIX);
                RehearsalProcess.run(program, scratch.path(), made);
                Path file = file();
                Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
                deleteOthersThan(file);
            }
        } catch (IOException e) {
            throw new StartCacheException(
                    "the start cache of the %s can't be kept in %s: %s".formatted(program.role(), folder, e));
        }
    }

    private Path file() throws IOException {
        return folder.resolve(program.role() + "-" + CacheKey.of(program) + SUFFIX);
    }

    private void deleteOthersThan(Path present) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!file.equals(present) && name.startsWith(program.role() + "-") && name.endsWith(SUFFIX)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
