package dev.agentcontainers.nodeagent.linux.storage;

import dev.agentcontainers.nodeagent.linux.storage.SandboxStorage.Opened;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;

/**
 * Puts fresh directories in the place of those that a sandbox has: all of them or none, wherever this process or the machine
 * ends. Until it is decided, which one file says, what is fresh is thrown away by whoever opens the storage next; from then on,
 * put in place. Nothing of the sandbox may run meanwhile.
 */
public final class Replacement {
    // Names that no workspace can have.
    private static final String FRESH = "%fresh";
    private static final String FORMER = "%former";

    private final Path directory;

    /** @param directory of the sandbox */
    Replacement(Path directory) {
        this.directory = directory;
    }

    /** An empty directory that may come to stand for a place, which only root may enter. */
    public Path fresh(Opened opened, String path) throws IOException {
        Path folder = opened.storeOf(path).resolve(FRESH);
        PrivateFiles.makeDirectory(folder);
        Path fresh = folder.resolve(WorkspaceStore.nameFor(path));
        PrivateFiles.makeDirectory(fresh);
        return fresh;
    }

    /** Has all that is fresh, and is written to the disk by now, be what the sandbox has. */
    public void decide(Opened opened) throws IOException {
        try (FileChannel decided = FileChannel.open(
                decided(), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            decided.force(true);
        }
        synchronize(directory);
        settle(opened.stores());
    }

    /** Throws away what is fresh. */
    public void abandon(Opened opened) throws IOException {
        for (Path store : opened.stores()) {
            clear(store);
        }
    }

    /** Ends what was begun, by whichever process. */
    void settle(Collection<Path> stores) throws IOException {
        if (Files.exists(decided())) {
            for (Path store : stores) {
                putInPlace(store);
                synchronize(store);
            }
            forget();
            synchronize(directory);
        }
        for (Path store : stores) {
            clear(store);
        }
    }

    void forget() throws IOException {
        Files.deleteIfExists(decided());
    }

    private Path decided() {
        return directory.resolve("replacement.decided");
    }

    /** May be done again after any of its steps. */
    private static void putInPlace(Path store) throws IOException {
        if (!Files.isDirectory(store.resolve(FRESH))) {
            return;
        }
        PrivateFiles.makeDirectory(store.resolve(FORMER));
        try (DirectoryStream<Path> all = Files.newDirectoryStream(store.resolve(FRESH))) {
            for (Path fresh : all) {
                Path place = store.resolve(fresh.getFileName().toString());
                if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(
                            place,
                            store.resolve(FORMER).resolve(fresh.getFileName().toString()),
                            StandardCopyOption.ATOMIC_MOVE);
                }
                Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static void clear(Path store) throws IOException {
        DeepDeletion.delete(store.resolve(FRESH));
        DeepDeletion.delete(store.resolve(FORMER));
    }

    private static void synchronize(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
