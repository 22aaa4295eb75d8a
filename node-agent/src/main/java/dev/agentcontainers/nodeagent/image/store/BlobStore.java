package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ContentDescriptor;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import dev.agentcontainers.nodeagent.image.ImageSource;
import dev.agentcontainers.nodeagent.image.ImageSource.GivenContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Content by its digest. What has arrived of something is kept when a transfer breaks off, or this process, and is gone on
 * from. Thread-safe, and safe against other processes with the same directory.
 */
final class BlobStore {
    private static final int PIECE = 64 << 10;

    private final Path blobs;
    private final Path partial;
    private final StoreLimits limits;
    private final NamedLocks locks;

    BlobStore(Path directory, StoreLimits limits, NamedLocks locks) {
        this.blobs = directory.resolve("blobs");
        this.partial = directory.resolve("partial");
        this.limits = limits;
        this.locks = locks;
    }

    List<Path> directories() {
        return List.of(blobs, partial);
    }

    static String nameOf(Digest digest) {
        return digest.algorithm() + "-" + digest.hex();
    }

    Path path(Digest digest) {
        return blobs.resolve(nameOf(digest));
    }

    private Path draft(Digest digest) {
        return partial.resolve(nameOf(digest));
    }

    boolean has(Digest digest) {
        return Files.exists(path(digest));
    }

    /** What is small enough to be in memory, checked once more. */
    byte[] read(Digest digest) throws IOException {
        byte[] content = Files.readAllBytes(path(digest));
        if (!digest.isOf(content)) {
            throw new ImageException(Kind.CORRUPT, path(digest) + " is not " + digest + " any more: remove the file");
        }
        return content;
    }

    /** Whether it is here and still what its digest says. For what is small enough to be in memory. */
    boolean isIntact(Digest digest) throws IOException {
        try {
            return digest.isOf(Files.readAllBytes(path(digest)));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Writes what is small enough to be in memory, also in place of something else under its name. */
    void write(Digest digest, byte[] content) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(nameOf(digest))) {
            if (isIntact(digest)) {
                return;
            }
            try (FileChannel file = open(digest)) {
                file.truncate(0);
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    file.write(rest);
                }
                finish(file, digest);
            }
        }
    }

    /** Receives what is not here yet. */
    void fetch(ContentDescriptor wanted, ImageSource source, PullObserver observer)
            throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(nameOf(wanted.digest()))) {
            if (has(wanted.digest())) {
                observer.received(wanted.digest(), wanted.size(), wanted.size());
                return;
            }
            try (FileChannel file = open(wanted.digest())) {
                new Transfer(wanted, source, observer, file).run();
                finish(file, wanted.digest());
            } catch (ImageException e) {
                if (e.kind() == Kind.CORRUPT) {
                    Files.deleteIfExists(draft(wanted.digest()));
                }
                throw e;
            }
        }
    }

    private FileChannel open(Digest digest) throws IOException {
        return FileChannel.open(
                draft(digest), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private void finish(FileChannel file, Digest digest) throws IOException {
        file.force(true);
        Files.move(draft(digest), path(digest), StandardCopyOption.ATOMIC_MOVE);
        force(blobs);
    }

    /** A name is kept over a loss of power once its directory was written. */
    static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    void delete(Digest digest) throws IOException, InterruptedException {
        try (NamedLocks.Held _ = locks.hold(nameOf(digest))) {
            Files.deleteIfExists(path(digest));
            Files.deleteIfExists(draft(digest));
        }
    }

    /** Removes what is not needed, not on its way and older. */
    void collect(Set<Digest> needed, Instant older) throws IOException {
        Set<String> kept = needed.stream().map(BlobStore::nameOf).collect(Collectors.toSet());
        for (Path folder : directories()) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
                for (Path entry : entries) {
                    String name = entry.getFileName().toString();
                    if (!kept.contains(name)) {
                        deleteOlder(entry, name, older);
                    }
                }
            }
        }
    }

    private void deleteOlder(Path file, String name, Instant older) throws IOException {
        Optional<NamedLocks.Held> unused = locks.tryHold(name);
        if (unused.isPresent()) {
            try (NamedLocks.Held _ = unused.get()) {
                if (Files.exists(file)
                        && Files.getLastModifiedTime(file).toInstant().isBefore(older)) {
                    Files.delete(file);
                }
            }
        }
    }

    /** @throws ImageException of kind NO_ROOM, before anything is written */
    void requireRoom(long bytes) throws IOException {
        long left = Files.getFileStore(partial).getUsableSpace() - limits.leastFree();
        if (bytes > left) {
            throw new ImageException(
                    Kind.NO_ROOM,
                    "the disk of " + partial + " has " + Math.max(left, 0) + " bytes left for images, beside the "
                            + limits.leastFree() + " that stay free; " + bytes + " are to come");
        }
    }

    /** One content on its way. */
    private final class Transfer {
        private final ContentDescriptor wanted;
        private final ImageSource source;
        private final PullObserver observer;
        private final FileChannel file;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE);
        private MessageDigest digest;
        private long done;

        Transfer(ContentDescriptor wanted, ImageSource source, PullObserver observer, FileChannel file) {
            this.wanted = wanted;
            this.source = source;
            this.observer = observer;
            this.file = file;
            this.digest = wanted.digest().algorithm().begin();
        }

        void run() throws IOException, InterruptedException {
            resume();
            requireRoom(wanted.size() - done);
            while (true) {
                try {
                    receiveAll();
                    return;
                } catch (ImageException e) {
                    boolean mayBeOthers = e.kind() == Kind.CORRUPT || e.kind() == Kind.UNREACHABLE;
                    if (!mayBeOthers || !source.leaveOut(wanted.digest())) {
                        throw e;
                    }
                    if (e.kind() == Kind.CORRUPT) {
                        restart();
                    }
                }
            }
        }

        private void receiveAll() throws IOException, InterruptedException {
            Duration pause = limits.pause();
            int fruitless = 0;
            while (done < wanted.size()) {
                long before = done;
                try {
                    receive();
                } catch (ImageException e) {
                    fruitless = done > before ? 1 : fruitless + 1;
                    if (e.kind() != Kind.UNREACHABLE || fruitless >= limits.attempts()) {
                        throw e;
                    }
                    pause = fruitless == 1 ? limits.pause() : pause.multipliedBy(2);
                    Thread.sleep(pause);
                }
            }
            Digest found = Digest.ended(wanted.digest().algorithm(), digest, new byte[0]);
            if (!found.equals(wanted.digest())) {
                throw new ImageException(
                        Kind.CORRUPT,
                        "what was received as " + wanted.digest() + " is " + found + ": it is thrown away");
            }
        }

        /** Reads what is there, since it was written by a process of which nothing is known. */
        private void resume() throws IOException {
            if (file.size() > wanted.size()) {
                file.truncate(0);
            }
            file.position(0);
            while (file.read(piece.clear()) > 0) {
                digest.update(piece.flip());
                done += piece.limit();
            }
            observer.received(wanted.digest(), done, wanted.size());
        }

        private void receive() throws IOException, InterruptedException {
            try (GivenContent given = source.content(wanted, done)) {
                if (given.offset() != done) {
                    restart();
                }
                while (true) {
                    int count = given.stream().read(piece.array());
                    if (count < 0) {
                        break;
                    }
                    if (count > wanted.size() - done) {
                        throw new ImageException(
                                Kind.CORRUPT,
                                wanted.digest() + " is longer than the " + wanted.size() + " bytes of its manifest");
                    }
                    ByteBuffer rest = piece.clear().limit(count);
                    while (rest.hasRemaining()) {
                        file.write(rest);
                    }
                    digest.update(piece.array(), 0, count);
                    done += count;
                    observer.received(wanted.digest(), done, wanted.size());
                }
            }
            if (done < wanted.size()) {
                throw new ImageException(
                        Kind.UNREACHABLE,
                        wanted.digest() + " ended after " + done + " of the " + wanted.size()
                                + " bytes of its manifest");
            }
        }

        private void restart() throws IOException {
            file.truncate(0);
            file.position(0);
            digest = wanted.digest().algorithm().begin();
            done = 0;
        }
    }
}
