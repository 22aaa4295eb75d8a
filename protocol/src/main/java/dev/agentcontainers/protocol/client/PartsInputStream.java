package dev.agentcontainers.protocol.client;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The bytes of messages, one after the other. For one thread. */
public abstract class PartsInputStream extends InputStream {
    private byte[] part = {};
    private int taken;

    /** The next part, which may be empty; none at the end, and from then on. */
    protected abstract Optional<byte[]> next() throws IOException;

    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public final int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (taken == part.length) {
            Optional<byte[]> come = next();
            if (come.isEmpty()) {
                return -1;
            }
            part = come.get();
            taken = 0;
        }
        int count = Math.min(length, part.length - taken);
        System.arraycopy(part, taken, target, offset, count);
        taken += count;
        return count;
    }
}
