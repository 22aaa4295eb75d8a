package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Records as they come, for somebody who may be slow: what there is no room for is counted. */
public final class AuditWatch implements AutoCloseable {
    private static final int ROOM = 1024;

    private final Optional<SandboxId> id;
    private final Consumer<AuditWatch> onClose;
    private final OcsfEvents events;
    private final BlockingQueue<Shown> waiting = new ArrayBlockingQueue<>(ROOM);
    private final AtomicLong missed = new AtomicLong();
    private volatile boolean ended;

    /** @param line the record as a line of JSON */
    public record Shown(AuditRecord record, String line) {}

    /** @param events of its own: what it says itself is in no file */
    AuditWatch(Optional<SandboxId> id, OcsfEvents events, Consumer<AuditWatch> onClose) {
        this.id = id;
        this.events = events;
        this.onClose = onClose;
    }

    void show(AuditRecord record, String line) {
        if ((id.isEmpty() || record.concerns(id.get())) && !waiting.offer(seen(record, line))) {
            missed.incrementAndGet();
        }
    }

    private Shown seen(AuditRecord record, String line) {
        AuditRecord seen = id.map(record::seenBy).orElse(record);
        return new Shown(seen, seen.equals(record) ? line : events.line(seen));
    }

    /** The next record; empty where none came in that time. What there was no room for is said by one. */
    public Optional<Shown> next(Duration atMost) throws InterruptedException {
        Shown next = waiting.poll();
        long lost = next == null ? missed.getAndSet(0) : 0;
        if (lost > 0) {
            AuditRecord.Missing missing = new AuditRecord.Missing(
                    Instant.now(), Optional.empty(), lost, "records that this watch was too slow for are not here");
            return Optional.of(new Shown(missing, events.line(missing)));
        }
        return Optional.ofNullable(next == null ? waiting.poll(atMost.toNanos(), TimeUnit.NANOSECONDS) : next);
    }

    void end() {
        ended = true;
    }

    /** Whether nothing more comes. */
    public boolean isEnded() {
        return ended && waiting.isEmpty();
    }

    @Override
    public void close() {
        onClose.accept(this);
    }
}
