package dev.agentcontainers.nodeagent.linux.netlink;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Gives the notices, and the failures, that a test puts into it; records how it was used. Thread-safe. */
public final class RecordingNetlinkEvents implements NetlinkEvents {
    private final LinkedBlockingQueue<Happening> happenings = new LinkedBlockingQueue<>();
    private volatile int waits;
    private volatile boolean closed;

    private sealed interface Happening {
        record Notice() implements Happening {}

        record Failure(String message) implements Happening {}
    }

    public void happen() {
        happenings.add(new Happening.Notice());
    }

    public void fail(String message) {
        happenings.add(new Happening.Failure(message));
    }

    /** How often someone has begun to wait. */
    public int waits() {
        return waits;
    }

    public boolean isClosed() {
        return closed;
    }

    @Override
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // One thread waits.
    public boolean await(Duration atMost) throws IOException {
        waits++;
        Happening next;
        try {
            next = happenings.poll(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        return switch (next) {
            case null -> false;
            case Happening.Notice notice -> true;
            case Happening.Failure failure -> throw new IOException(failure.message());
        };
    }

    @Override
    public void close() {
        closed = true;
    }
}
