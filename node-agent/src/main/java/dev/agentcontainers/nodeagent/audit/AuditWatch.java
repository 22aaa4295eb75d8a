package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.time.Duration;
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
    private final BlockingQueue<Shown> waiting = new ArrayBlockingQueue<>(ROOM);
    private final AtomicLong missed = new AtomicLong();
    private volatile boolean ended;

    /** @param line the record as a line of JSON */
    public record Shown(AuditRecord record, String line) {}

    AuditWatch(Optional<SandboxId> id, Consumer<AuditWatch> onClose) {
        this.id = id;
        this.onClose = onClose;
    }

    void show(AuditRecord record, String line) {
        if ((id.isEmpty() || record.concerns(id.get())) && !waiting.offer(new Shown(record, line))) {
            missed.incrementAndGet();
        }
    }

    /** The next record; empty where none came in that time. */
    public Optional<Shown> next(Duration atMost) throws InterruptedException {
        return Optional.ofNullable(waiting.poll(atMost.toNanos(), TimeUnit.NANOSECONDS));
    }

    /** How many there was no room for since this was asked last. */
    public long missed() {
        return missed.getAndSet(0);
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
