package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts what an image's layers unpack to, together, and ends it at a limit: a kilobyte may unpack to a gigabyte. From time to
 * time it looks whether the disk still has room for them, beside all the others that write there.
 */
final class UnpackedBytes implements LayerFiles.Taking {
    private static final long BYTES_BETWEEN_LOOKS = 4L << 20;
    private static final long FILES_BETWEEN_LOOKS = 256;

    private final long limit;
    private final Room room;
    private final AtomicLong archives = new AtomicLong();
    private final AtomicLong content = new AtomicLong();
    private final AtomicLong files = new AtomicLong();

    /** The disk's. */
    interface Room {
        /** @throws ImageException of kind NO_ROOM where there is none left */
        void require() throws IOException;
    }

    UnpackedBytes(long limit, Room room) {
        this.limit = limit;
        this.room = room;
    }

    private void require(long bytes) throws ImageException {
        if (bytes > limit) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    "the image's layers have more than " + limit + " bytes unpacked, which is the most that"
                            + " this node takes");
        }
    }

    @Override
    public void content(long bytes) throws IOException {
        long before = content.getAndAdd(bytes);
        require(before + bytes);
        if (before / BYTES_BETWEEN_LOOKS != (before + bytes) / BYTES_BETWEEN_LOOKS) {
            room.require();
        }
    }

    @Override
    public void file() throws IOException {
        if (files.getAndIncrement() % FILES_BETWEEN_LOOKS == 0) {
            room.require();
        }
    }

    InputStream counted(InputStream stream) {
        return new FilterInputStream(stream) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                int read = super.read(target, offset, length);
                if (read > 0) {
                    require(archives.addAndGet(read));
                }
                return read;
            }

            @Override
            public long skip(long bytes) throws IOException {
                throw new IOException("a layer is read and never skipped");
            }

            @Override
            public boolean markSupported() {
                return false;
            }
        };
    }
}
