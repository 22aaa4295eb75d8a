package dev.agentcontainers.nodeagent.image.agent;

import dev.agentcontainers.nodeagent.image.ImageReference;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after the disk that images are on, now and then, until it is closed. */
public final class DiskRelief implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskRelief.class);
    private static final Duration PERIOD = Duration.ofMinutes(5);
    private static final long PERCENT = 100;

    private final Relief images;
    private final Path directory;
    private final int freePercent;
    private final Thread thread;

    /** Removes images that no agent has until so many bytes of the disk are free, and says which. */
    @FunctionalInterface
    public interface Relief {
        List<ImageReference> relieve(long wantedFree) throws IOException, InterruptedException;
    }

    private DiskRelief(Relief images, Path directory, int freePercent, Duration period) {
        this.images = images;
        this.directory = directory;
        this.freePercent = freePercent;
        this.thread = Thread.ofPlatform().daemon().name("disk relief").unstarted(() -> repeat(period));
    }

    /** @param freePercent of the disk with {@code directory} that stay free where images can be removed for it, 0 to 99 */
    public static DiskRelief start(Relief images, Path directory, int freePercent) {
        return start(images, directory, freePercent, PERIOD);
    }

    static DiskRelief start(Relief images, Path directory, int freePercent, Duration period) {
        DiskRelief relief = new DiskRelief(images, directory, freePercent, period);
        relief.thread.start();
        return relief;
    }

    private void repeat(Duration period) {
        try {
            while (true) {
                Thread.sleep(period);
                relieve(period);
            }
        } catch (InterruptedException e) {
            // The node agent ends.
        }
    }

    private void relieve(Duration period) throws InterruptedException {
        try {
            FileStore disk = Files.getFileStore(directory);
            List<ImageReference> removed = images.relieve(disk.getTotalSpace() / PERCENT * freePercent);
            if (!removed.isEmpty()) {
                LOG.info("less than {} % of the disk was free: removed the images {}", freePercent, removed);
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("images that nobody needs could not be removed, tried again every {} s", period.toSeconds(), e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
