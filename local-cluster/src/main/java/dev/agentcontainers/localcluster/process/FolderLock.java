package dev.agentcontainers.localcluster.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Excludes other threads and other processes by a lock on a file. The kernel gives it back when this JVM
 * ends in whatever way, so it also tells whether its owner lives.
 */
public final class FolderLock implements AutoCloseable {

    /**
     * A file lock is this JVM's as a whole, and closing any channel of the file gives it back. So within
     * the JVM a file is opened only by the thread that holds its permit.
     */
    private static final Map<Path, Semaphore> PERMITS = new ConcurrentHashMap<>();

    /** Whoever may read a file may lock it, for ever. */
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** Content of a lock file that was deleted: who waited for it must take the file's successor. */
    private static final byte DELETED = 'x';

    private final Path file;
    private final Semaphore permit;
    private final FileChannel channel;

    private FolderLock(Path file, Semaphore permit, FileChannel channel) {
        this.file = file;
        this.permit = permit;
        this.channel = channel;
    }

    /** Waits for the lock; {@code onWait} runs once where another holds it. */
    public static FolderLock acquire(Path file, Runnable onWait) {
        Optional<FolderLock> immediate = tryAcquire(file);
        if (immediate.isPresent()) {
            return immediate.get();
        }
        onWait.run();
        Semaphore permit = permitOf(file);
        permit.acquireUninterruptibly();
        try {
            while (true) {
                FileChannel channel = open(file);
                channel.lock();
                if (channel.size() == 0) {
                    return new FolderLock(file, permit, channel);
                }
                channel.close();
            }
        } catch (IOException e) {
            permit.release();
            throw new UncheckedIOException("cannot lock " + file, e);
        }
    }

    /** Takes the lock, or returns empty where another thread or process holds it. */
    public static Optional<FolderLock> tryAcquire(Path file) {
        Semaphore permit = permitOf(file);
        if (!permit.tryAcquire()) {
            return Optional.empty();
        }
        boolean held = false;
        try {
            FileChannel channel = open(file);
            @Nullable FileLock lock = channel.tryLock();
            if (lock == null || channel.size() > 0) {
                channel.close();
                return Optional.empty();
            }
            held = true;
            return Optional.of(new FolderLock(file, permit, channel));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot lock " + file, e);
        } finally {
            if (!held) {
                permit.release();
            }
        }
    }

    /** Deletes the lock's file; the lock is held until it is closed. Who waits for it then takes a new file. */
    public void deleteFile() {
        try {
            Files.deleteIfExists(file);
            channel.write(ByteBuffer.wrap(new byte[] {DELETED}));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + file, e);
        }
    }

    private static Semaphore permitOf(Path file) {
        return PERMITS.computeIfAbsent(file.toAbsolutePath().normalize(), path -> new Semaphore(1));
    }

    private static FileChannel open(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        return FileChannel.open(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), PRIVATE);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            permit.release();
        }
    }
}
