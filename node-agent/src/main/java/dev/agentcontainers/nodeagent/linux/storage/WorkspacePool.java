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
 * Images that are formatted ahead of their use, in the background, so that a start only takes one: a few of each of the
 * sizes that were asked for last. They take next to nothing of the disk until they are used. Two processes may share a
 * directory. Thread-safe.
 */
public final class WorkspacePool {
    private static final int SIZES = 4;
    private static final int READY = 4;
    private static final String SUFFIX = ".img";
    private static final Duration LONGEST_FORMATTING = Duration.ofMinutes(10);

    private final Path directory;
    private final Ext4Images images;
    private final LinkedHashSet<Long> sizes = new LinkedHashSet<>();
    private final ExecutorService background;

    /** @param directory made when it is needed, for root only */
    public WorkspacePool(Path directory, Ext4Images images) {
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
                        .name("workspace images")
                        .priority(Thread.MIN_PRIORITY)
                        .factory());
        one.allowCoreThreadTimeOut(true);
        this.background = one;
    }

    /** Has images of this size made ready. */
    public void expect(long bytes) {
        synchronized (sizes) {
            sizes.remove(bytes);
            sizes.add(bytes);
            if (sizes.size() > SIZES) {
                sizes.removeFirst();
            }
        }
        if (!background.isShutdown()) {
            background.execute(this::fill);
        }
    }

    /** Makes an image of this size at {@code target}: one that is ready, or a new one. */
    void take(long bytes, Path target) throws IOException, InterruptedException {
        try {
            for (Path image : ready(bytes)) {
                try {
                    Files.move(image, target, StandardCopyOption.ATOMIC_MOVE);
                    return;
                } catch (NoSuchFileException e) {
                    // Another start was faster.
                }
            }
            images.format(target, bytes);
        } finally {
            expect(bytes);
        }
    }

    /** How many images of this size are ready. */
    int count(long bytes) throws IOException {
        return ready(bytes).size();
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
                for (int missing = READY - count(bytes); missing > 0; missing--) {
                    images.format(directory.resolve(bytes + "-" + UUID.randomUUID() + SUFFIX), bytes);
                }
            }
        } catch (IOException e) {
            // Whoever takes one makes it then, and says what is wrong.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void removeOthers(Set<Long> wanted) throws IOException {
        Instant old = Instant.now().minus(LONGEST_FORMATTING);
        for (Path file : files()) {
            String name = file.getFileName().toString();
            boolean image = name.endsWith(SUFFIX);
            boolean kept = image
                    ? wanted.stream().anyMatch(bytes -> name.startsWith(bytes + "-"))
                    : Files.exists(file)
                            && Files.getLastModifiedTime(file).toInstant().isAfter(old);
            if (!kept) {
                Files.deleteIfExists(file);
            }
        }
    }

    private List<Path> ready(long bytes) throws IOException {
        return files().stream()
                .filter(file -> file.getFileName().toString().startsWith(bytes + "-"))
                .filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                .toList();
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

    /** Removes every image, after what is under way. */
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
