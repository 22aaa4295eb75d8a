package dev.agentcontainers.nodeagent.linux.identity;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Gives each sandbox a range of ids for as long as its directory holds the record. The records are the only truth, so
 * that neither a crash nor a second process on the same directory gives a range out twice. Thread-safe.
 */
public final class IdRanges {
    private static final String RECORD = "identity";

    private final Path sandboxes;
    private final IdRange all;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * @param sandboxes the directory that has one directory for each sandbox
     * @param all fewer than {@link IdRange#PER_SANDBOX} are one sandbox's at a time
     */
    public IdRanges(Path sandboxes, IdRange all) {
        this.sandboxes = sandboxes;
        this.all = all;
    }

    /** The range of a sandbox whose directory exists, chosen now where it has none. */
    public IdRange of(String sandbox) throws IOException {
        Path directory = sandboxes.resolve(sandbox);
        Optional<IdRange> recorded = recorded(directory);
        return recorded.isPresent() ? recorded.get() : choose(directory);
    }

    public Optional<IdRange> recorded(Path directory) throws IOException {
        try {
            return Optional.of(new IdRange(
                    Long.parseLong(Files.readString(directory.resolve(RECORD)).trim()), perSandbox()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Lets the range be used again; to be called when no file and no process of the sandbox has its ids any more. */
    public void release(String sandbox) throws IOException {
        Files.deleteIfExists(sandboxes.resolve(sandbox).resolve(RECORD));
    }

    private IdRange choose(Path directory) throws IOException {
        lock.lock();
        try (FileChannel channel = FileChannel.open(
                        sandboxes.resolveSibling("identity.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            Set<Long> taken = taken();
            for (long first = all.first(); first + perSandbox() <= all.first() + all.size(); first += perSandbox()) {
                if (!taken.contains(first)) {
                    Path draft = directory.resolve(RECORD + ".draft");
                    Files.writeString(draft, first + "\n");
                    Files.move(draft, directory.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE);
                    return new IdRange(first, perSandbox());
                }
            }
            throw new IOException("all " + all.size() / perSandbox()
                    + " ranges of user ids of this node are in use; give the node agent a larger range");
        } finally {
            lock.unlock();
        }
    }

    private long perSandbox() {
        return Math.min(all.size(), IdRange.PER_SANDBOX);
    }

    private Set<Long> taken() throws IOException {
        Set<Long> taken = new HashSet<>();
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(sandboxes)) {
            for (Path directory : directories) {
                recorded(directory).ifPresent(range -> taken.add(range.first()));
            }
        }
        return taken;
    }
}
