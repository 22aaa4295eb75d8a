package dev.agentcontainers.nodeagent.linux.snapshot;

import dev.agentcontainers.nodeagent.driver.KeptFiles.Contents;
import dev.agentcontainers.nodeagent.driver.KeptFiles.LeftOut;
import java.io.InterruptedIOException;
import java.util.EnumMap;
import java.util.Map;

/** Counts what an archive has, and ends what has no end: the same when it is made and when it is read. For one thread. */
final class Tally {
    /** Of files, directories and links. */
    static final long MOST_FILES = 10_000_000;

    /** Of the files together, holes included. */
    static final long MOST_BYTES = 1L << 40;

    private final Map<LeftOut, Long> leftOut = new EnumMap<>(LeftOut.class);
    private long files;
    private long bytes;

    void one() throws SnapshotException, InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("its thread was interrupted");
        }
        if (++files > MOST_FILES) {
            throw new SnapshotException("there are more than " + MOST_FILES + " files, the most that a snapshot has");
        }
    }

    void content(long count) throws SnapshotException, InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("its thread was interrupted");
        }
        bytes += count;
        if (bytes > MOST_BYTES || bytes < 0) {
            throw new SnapshotException("the files have more than " + MOST_BYTES
                    + " bytes, holes of sparse files included, the most that a snapshot has");
        }
    }

    void leftOut(LeftOut what) {
        leftOut.merge(what, 1L, Long::sum);
    }

    Contents contents() {
        return new Contents(files, bytes, leftOut);
    }
}
