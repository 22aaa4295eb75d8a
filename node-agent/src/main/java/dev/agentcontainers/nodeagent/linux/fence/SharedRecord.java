package dev.agentcontainers.nodeagent.linux.fence;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Names in a file that several processes of a machine share. One at a time works with it ({@link #alone}); a process that
 * dies leaves the old or the new names. Nothing is left of it once they are deleted. Thread-safe.
 */
final class SharedRecord {
    /** A file is locked for the whole process. */
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    private final Path file;
    private final Path beside;
    private final Path lock;

    SharedRecord(Path file) {
        this.file = file;
        this.beside = file.resolveSibling(file.getFileName() + ".new");
        this.lock = file.resolveSibling(file.getFileName() + ".lock");
    }

    /** What is done while no other thread and no other process works with the record. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws IOException;
    }

    /** May be nested. */
    <T> T alone(Work<T> work) throws IOException {
        if (IN_THIS_PROCESS.isHeldByCurrentThread()) {
            return work.run();
        }
        IN_THIS_PROCESS.lock();
        try {
            Files.createDirectories(lock.getParent());
            while (true) {
                Optional<Identity> before = identity();
                try (FileChannel channel =
                        FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    boolean sure = before.isPresent() && before.equals(identity());
                    if (sure && isHeldBy(channel, before)) {
                        return work.run();
                    }
                }
            }
        } finally {
            IN_THIS_PROCESS.unlock();
        }
    }

    /** Who held the lock before may have deleted its file; then others lock another one. */
    private boolean isHeldBy(FileChannel channel, Optional<Identity> opened) throws IOException {
        channel.lock();
        return opened.equals(identity());
    }

    private record Identity(String key, FileTime created) {}

    /** Found without opening the file: closing it again anywhere in this process would let go of the lock (fcntl(2)). */
    private Optional<Identity> identity() throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(lock, BasicFileAttributes.class);
            return Optional.of(new Identity(String.valueOf(attributes.fileKey()), attributes.creationTime()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** The names; none where there is no record. */
    Set<String> names() throws IOException {
        try {
            return new TreeSet<>(Files.readAllLines(file));
        } catch (NoSuchFileException e) {
            return new TreeSet<>();
        }
    }

    /** To be called {@link #alone}. */
    void write(Set<String> names) throws IOException {
        Files.write(beside, names);
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes the record and its lock. To be called {@link #alone}, as the last thing that is done there. */
    void delete() throws IOException {
        Files.deleteIfExists(beside);
        Files.deleteIfExists(file);
        Files.deleteIfExists(lock);
    }
}
