package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A place that this process has to itself. The claim is a file lock, which the kernel lets go of when the process dies: so
 * a place whose lock can be had and that is not empty was left by a run that was killed. Thread-safe.
 */
final class ClaimedPlace implements AutoCloseable {
    /** A process loses its lock when it closes any descriptor of the file, so its own are not tried again. */
    private static final Set<Integer> OWN = new HashSet<>();

    private final Place place;
    private final FileChannel lock;

    private ClaimedPlace(Place place, FileChannel lock) {
        this.place = place;
        this.lock = lock;
    }

    /**
     * Takes the first free place, and removes what killed runs left at any.
     *
     * @param warnings where it is said what could not be removed
     */
    static ClaimedPlace claim(Platform platform, Consumer<String> warnings) throws IOException, RefusedRunException {
        Optional<ClaimedPlace> first = Optional.empty();
        for (Place place : Place.all(platform.rootless())) {
            Leftovers leftovers = new Leftovers(platform, place.settings());
            if (first.isPresent() && leftovers.isEmpty()) {
                continue;
            }
            Optional<ClaimedPlace> claimed = tryClaim(place);
            if (claimed.isEmpty()) {
                continue;
            }
            boolean clean = clean(leftovers, warnings);
            if (clean && first.isEmpty()) {
                first = claimed;
            } else {
                claimed.get().close();
            }
        }
        return first.orElseThrow(() -> new RefusedRunException(
                "%d standalone runs are under way on this machine, which is as many as it has places: try again when one has ended"
                        .formatted(Place.COUNT)));
    }

    private static boolean clean(Leftovers leftovers, Consumer<String> warnings) {
        try {
            leftovers.remove();
            return true;
        } catch (SandboxException | IOException | RuntimeException e) {
            warnings.accept("what an earlier run left could not be removed: " + e.getMessage());
            return false;
        }
    }

    private static Optional<ClaimedPlace> tryClaim(Place place) throws IOException {
        synchronized (OWN) {
            if (OWN.contains(place.number())) {
                return Optional.empty();
            }
            Path file = place.lock();
            Files.createDirectories(file.getParent());
            // Not readable by others: who can read a file can lock it against this.
            FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            FileLock lock = channel.tryLock();
            if (lock == null) {
                channel.close();
                return Optional.empty();
            }
            OWN.add(place.number());
            return Optional.of(new ClaimedPlace(place, channel));
        }
    }

    Place place() {
        return place;
    }

    /** The file stays: another process may be about to lock it. */
    @Override
    public void close() throws IOException {
        synchronized (OWN) {
            lock.close();
            OWN.remove(place.number());
        }
    }
}
