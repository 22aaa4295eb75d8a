package dev.agentcontainers.nodeagent.linux.oci;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Gives each sandbox a range of user and group ids of the host that no other has. The range is in a file before it is
 * used, so that no crash can give it away twice. Thread-safe.
 */
final class IdentityRanges {
    /** Ids in a range: what a user namespace needs for programs that drop to other users. */
    static final int SIZE = 65_536;

    private final SandboxFiles files;
    private final long first;
    private final long ranges;

    IdentityRanges(SandboxFiles files, long firstUserId, long userIdCount) {
        this.files = files;
        this.first = firstUserId;
        this.ranges = userIdCount / SIZE;
    }

    /** The first id of the sandbox's range, which is taken where it has none yet. */
    synchronized long take(SandboxId id) throws IOException {
        Path file = files.identity(id);
        if (Files.exists(file)) {
            return Long.parseLong(Files.readString(file).strip());
        }
        Set<Long> taken = taken();
        for (long range = 0; range < ranges; range++) {
            long start = first + range * SIZE;
            if (!taken.contains(start)) {
                Files.createDirectories(files.state(id));
                Files.writeString(file, Long.toString(start));
                return start;
            }
        }
        throw new IOException("all " + ranges + " ranges of user ids from " + first + " are taken");
    }

    private Set<Long> taken() throws IOException {
        Set<Long> taken = new HashSet<>();
        Path folder = files.stateDirectory().resolve("sandboxes");
        try (Stream<Path> sandboxes = Files.list(folder)) {
            for (Path sandbox : sandboxes.toList()) {
                Path file = sandbox.resolve("identity");
                if (Files.exists(file)) {
                    taken.add(Long.parseLong(Files.readString(file).strip()));
                }
            }
        } catch (NoSuchFileException e) {
            return taken;
        }
        return taken;
    }
}
