package dev.agentcontainers.nodeagent.image.store;

import dev.agentcontainers.nodeagent.image.ImageException;
import dev.agentcontainers.nodeagent.image.ImageException.Kind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what an image's layers unpack to, together, and ends it at a limit: a kilobyte may unpack to a gigabyte. */
final class UnpackedBytes {
    private final long limit;
    private final AtomicLong count = new AtomicLong();

    UnpackedBytes(long limit) {
        this.limit = limit;
    }

    private void add(long bytes) throws ImageException {
        if (count.addAndGet(bytes) > limit) {
            throw new ImageException(
                    Kind.UNUSABLE,
                    "the image's layers have more than " + limit + " bytes unpacked, which is the most that"
                            + " this node takes");
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
                    add(read);
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
