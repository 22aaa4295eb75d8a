package dev.agentcontainers.cli.record;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** How often something occurred. Used by one thread. */
public final class Tally {
    private long allowed;
    private long denied;
    private long closed;
    private long sent;
    private long received;
    private @Nullable Instant last;

    void allowed(Instant at) {
        allowed++;
        seen(at);
    }

    /** Policies let it not pass. */
    void denied(Instant at) {
        denied++;
        seen(at);
    }

    /** Something stopped it that no policy decides. */
    void closed(Instant at) {
        closed++;
        seen(at);
    }

    void traffic(long bytesSent, long bytesReceived) {
        sent += bytesSent;
        received += bytesReceived;
    }

    private void seen(Instant at) {
        if (last == null || at.isAfter(last)) {
            last = at;
        }
    }

    public long allowed() {
        return allowed;
    }

    public long denied() {
        return denied;
    }

    public long closed() {
        return closed;
    }

    /** What policies decided, whichever way. */
    public long decided() {
        return allowed + denied;
    }

    /** Bytes by the source of flows that have ended. */
    public long sent() {
        return sent;
    }

    public long received() {
        return received;
    }

    /** When it occurred last. */
    public Instant last() {
        return last == null ? Instant.EPOCH : last;
    }

    /** Together with what another counted. */
    public Tally and(Tally other) {
        Tally both = new Tally();
        both.allowed = allowed + other.allowed;
        both.denied = denied + other.denied;
        both.closed = closed + other.closed;
        both.sent = sent + other.sent;
        both.received = received + other.received;
        both.last = last().isAfter(other.last()) ? last() : other.last();
        return both;
    }
}
