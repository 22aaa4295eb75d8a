package dev.agentcontainers.nodeagent.authority;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * Something of the machine as it was looked at.
 *
 * @param changed its content or who may read it
 * @param mode as stat(2) has it, with the kind
 * @param isSettled whether it looks otherwise once it changes again: times of files can be as coarse as the kernel's tick
 */
record Stamp(FileTime changed, int mode, long size, boolean isSettled) {
    private static final int OTHERS_READ = 0004;
    private static final int KIND = 0170000;
    private static final int REGULAR = 0100000;
    /** Longer than any tick. */
    private static final Duration TICK = Duration.ofSeconds(2);

    static Stamp of(Path entry, LinkOption... options) throws IOException {
        Instant before = Instant.now().minus(TICK);
        Map<String, Object> now = Files.readAttributes(entry, "unix:ctime,mode,size", options);
        FileTime changed = (FileTime) requireNonNull(now.get("ctime"));
        return new Stamp(
                changed,
                (Integer) requireNonNull(now.get("mode")),
                (Long) requireNonNull(now.get("size")),
                changed.toInstant().isBefore(before));
    }

    /** @param now the same thing's of later */
    boolean isStill(Stamp now) {
        return isSettled && changed.equals(now.changed) && mode == now.mode && size == now.size;
    }

    boolean isForEverybody() {
        return (mode & OTHERS_READ) != 0;
    }

    boolean isFile() {
        return (mode & KIND) == REGULAR;
    }
}
