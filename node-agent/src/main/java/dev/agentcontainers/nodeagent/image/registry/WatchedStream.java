package dev.agentcontainers.nodeagent.image.registry;

import dev.agentcontainers.nodeagent.image.ImageException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Ends a read for which nothing arrives: HTTP clients wait for ever once an answer has begun. For one thread. */
final class WatchedStream extends FilterInputStream {
    private final Duration patience;
    private final String host;
    private final Thread watch;
    private volatile long reading;
    private volatile boolean stalled;

    WatchedStream(InputStream stream, Duration patience, String host) {
        super(stream);
        this.patience = patience;
        this.host = host;
        this.watch = Thread.ofVirtual().name("stalled registry").start(this::watch);
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(patience.dividedBy(4));
                long since = reading;
                if (since != 0 && System.nanoTime() - since > patience.toNanos()) {
                    stalled = true;
                    in.close();
                    return;
                }
            }
        } catch (InterruptedException | IOException e) {
            // Closed, and so not waited for any more.
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        reading = System.nanoTime() | 1;
        try {
            int count = super.read(target, offset, length);
            if (stalled) {
                throw new IOException("closed");
            }
            return count;
        } catch (IOException e) {
            String why = stalled ? "sent nothing for " + patience.toSeconds() + " s" : RegistryEndpoint.reason(e);
            throw new ImageException(ImageException.Kind.UNREACHABLE, host + " broke off: " + why, e);
        } finally {
            reading = 0;
        }
    }

    @Override
    public long skip(long count) throws IOException {
        throw new IOException("content is read and never skipped");
    }

    @Override
    public void close() throws IOException {
        watch.interrupt();
        super.close();
    }
}
