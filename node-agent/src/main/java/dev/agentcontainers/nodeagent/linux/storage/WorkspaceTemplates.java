package dev.agentcontainers.nodeagent.linux.storage;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * An empty image of each of the sizes that were asked for last, formatted ahead in the background. A workspace begins as a
 * copy of one: only what is not zero is copied, some hundred KiB, where formatting takes a program and much longer. Two
 * processes may share a directory. Thread-safe.
 */
public final class WorkspaceTemplates {
    private static final int SIZES = 8;
    private static final String SUFFIX = ".img";
    private static final Duration LONGEST_FORMATTING = Duration.ofMinutes(10);

    private final Path directory;
    private final Ext4Images images;
    private final LinkedHashSet<Long> sizes = new LinkedHashSet<>();
    private final ExecutorService background;

    /** @param directory made when it is needed, for root only */
    public WorkspaceTemplates(Path directory, Ext4Images images) {
        this.directory = directory;
        this.images = images;
        ThreadPoolExecutor one = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform()
                        .daemon()
                        .name("workspace templates")
                        .priority(Thread.MIN_PRIORITY)
                        .factory());
        one.allowCoreThreadTimeOut(true);
        this.background = one;
    }

    /** Has an image of this size formatted where there is none yet. */
    public void expect(long bytes) {
        boolean changed;
        synchronized (sizes) {
            changed = !sizes.remove(bytes);
            sizes.add(bytes);
            if (sizes.size() > SIZES) {
                sizes.removeFirst();
            }
        }
        if ((changed || !has(bytes)) && !background.isShutdown()) {
            background.execute(this::fill);
        }
    }

    /** Makes an image of this size at {@code target}. */
    void take(long bytes, Path target) throws IOException, InterruptedException {
        try {
            if (!has(bytes) || !images.copy(template(bytes), target)) {
                images.format(target, bytes);
            }
        } finally {
            expect(bytes);
        }
    }

    /** Whether one of this size is ready. */
    boolean has(long bytes) {
        return Files.exists(template(bytes));
    }

    private Path template(long bytes) {
        return directory.resolve(bytes + SUFFIX);
    }

    private void fill() {
        Set<Long> wanted;
        synchronized (sizes) {
            wanted = Set.copyOf(sizes);
        }
        try {
            PrivateFiles.makeDirectory(directory);
            removeOthers(wanted);
            for (long bytes : wanted) {
                if (!has(bytes)) {
                    format(bytes);
                }
            }
        } catch (IOException e) {
            // Whoever takes one formats it then, and says what is wrong.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Under a name of its own until it is complete: another process may be formatting one of this size too. */
    private void format(long bytes) throws IOException, InterruptedException {
        Path own = directory.resolve(bytes + "-" + UUID.randomUUID());
        images.format(own, bytes);
        Files.move(own, template(bytes), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Templates of other sizes, and what a process that has ended left half made. */
    private void removeOthers(Set<Long> wanted) throws IOException {
        Instant old = Instant.now().minus(LONGEST_FORMATTING);
        for (Path file : files()) {
            boolean kept = file.getFileName().toString().endsWith(SUFFIX)
                    ? wanted.stream().anyMatch(bytes -> file.equals(template(bytes)))
                    : Files.exists(file)
                            && Files.getLastModifiedTime(file).toInstant().isAfter(old);
            if (!kept) {
                Files.deleteIfExists(file);
            }
        }
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(files::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return files;
    }

    /** Removes every template, after what is under way. */
    public void remove() throws IOException {
        background.shutdownNow();
        try {
            if (!background.awaitTermination(LONGEST_FORMATTING.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("an image in " + directory + " is still being formatted");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the images in " + directory + " were removed", e);
        }
        DeepDeletion.delete(directory);
    }
}
