package dev.agentcontainers.nodeagent.image.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What all users of one directory in this process share, and the last of them closes. Locks of files are the process's: the
 * JDK does not let it take one twice, and the kernel lets go of all of them when any channel of the file is closed (fcntl(2)).
 * Thread-safe.
 */
final class SharedStore {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    /** By the lock file itself, whichever path leads to it; guarded by itself. */
    private static final Map<Object, SharedStore> OPEN = new HashMap<>();

    private final Object key;
    private final Path directory;
    private final StoreLimits limits;
    private final Clock clock;
    private final NamedLocks locks;
    private final BlobStore blobs;
    private final LayerStore layers;
    private final ImageRecords images;
    private final ImageRecords pulls;
    private final ImageRecords uses;
    private int users;

    private SharedStore(Object key, Path directory, LayerFiles files, StoreLimits limits, Clock clock)
            throws IOException {
        this.key = key;
        this.directory = directory;
        this.limits = limits;
        this.clock = clock;
        this.images = new ImageRecords(directory.resolve("images"), "its image is to be pulled again");
        this.pulls = new ImageRecords(directory.resolve("pulls"), "no layer is removed until the pull ends");
        this.uses = new ImageRecords(
                directory.resolve("uses"),
                "it is not known any more which image its agent has; no layer is removed until that agent is deleted");
        this.locks = new NamedLocks(lockFile(directory));
        this.blobs = new BlobStore(directory, limits, locks);
        this.layers = new LayerStore(directory, files, limits, locks);
        try {
            makeFolders();
        } catch (IOException e) {
            locks.close();
            throw e;
        }
    }

    private void makeFolders() throws IOException {
        for (Path folder : blobs.directories()) {
            makePrivate(folder);
        }
        for (Path folder :
                List.of(layers.layers(), layers.unpacking(), images.folder(), pulls.folder(), uses.folder())) {
            makePrivate(folder);
        }
    }

    private static void makePrivate(Path directory) throws IOException {
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
        Files.setPosixFilePermissions(directory, PRIVATE);
    }

    private static Path lockFile(Path directory) {
        return directory.resolve("locks");
    }

    /** The caller uses it then, and says so by {@link #letGo} when he does not any more. */
    static SharedStore take(Path directory, LayerFiles files, StoreLimits limits, Clock clock) throws IOException {
        synchronized (OPEN) {
            makePrivate(directory);
            Object key = keyOf(lockFile(directory));
            SharedStore store = OPEN.get(key);
            if (store == null) {
                store = new SharedStore(key, directory, files, limits, clock);
                OPEN.put(key, store);
            }
            store.users++;
            return store;
        }
    }

    /** Opens nothing that is there: to close it again would let go of locks. */
    private static Object keyOf(Path lockFile) throws IOException {
        try {
            Files.createFile(lockFile);
        } catch (FileAlreadyExistsException e) {
            // As usual.
        }
        Object file = Files.readAttributes(lockFile, BasicFileAttributes.class).fileKey();
        return file == null ? lockFile.toRealPath() : file;
    }

    /**
     * Uses it for as long as something takes, whoever lets go of it meanwhile.
     *
     * @throws IOException where nobody uses it any more
     */
    Closeable used() throws IOException {
        synchronized (OPEN) {
            if (users == 0) {
                throw new IOException("the store of images in " + directory + " is closed");
            }
            users++;
        }
        AtomicBoolean ended = new AtomicBoolean();
        return () -> {
            if (!ended.getAndSet(true)) {
                letGo();
            }
        };
    }

    void letGo() throws IOException {
        synchronized (OPEN) {
            users--;
            if (users == 0) {
                OPEN.remove(key);
                locks.close();
            }
        }
    }

    Path directory() {
        return directory;
    }

    StoreLimits limits() {
        return limits;
    }

    Clock clock() {
        return clock;
    }

    NamedLocks locks() {
        return locks;
    }

    BlobStore blobs() {
        return blobs;
    }

    LayerStore layers() {
        return layers;
    }

    /** By what they are called. */
    ImageRecords images() {
        return images;
    }

    /** What is needed by what is on its way. */
    ImageRecords pulls() {
        return pulls;
    }

    /** What is needed by agents. */
    ImageRecords uses() {
        return uses;
    }
}
