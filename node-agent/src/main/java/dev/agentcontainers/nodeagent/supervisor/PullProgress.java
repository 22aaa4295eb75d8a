package dev.agentcontainers.nodeagent.supervisor;

import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.ImageReference;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** How far a pull is. Thread-safe. */
final class PullProgress implements PullObserver {
    /** Each time is a write to the API server. */
    private static final Duration BETWEEN = Duration.ofSeconds(5);

    private static final long MEBI = 1 << 20;

    private final ImageReference reference;
    private final Runnable onChange;
    private final Map<Digest, Long> received = new ConcurrentHashMap<>();
    private final Map<Digest, Long> sizes = new ConcurrentHashMap<>();
    private final Set<Digest> unpacked = ConcurrentHashMap.newKeySet();
    private final AtomicLong told = new AtomicLong(System.nanoTime());

    /** @param onChange called now and then when there is something new */
    PullProgress(ImageReference reference, Runnable onChange) {
        this.reference = reference;
        this.onChange = onChange;
    }

    @Override
    public void received(Digest content, long bytes, long of) {
        received.put(content, bytes);
        sizes.put(content, of);
        tell();
    }

    @Override
    public void unpacked(Digest layer) {
        unpacked.add(layer);
        tell();
    }

    private void tell() {
        long last = told.get();
        long now = System.nanoTime();
        if (now - last > BETWEEN.toNanos() && told.compareAndSet(last, now)) {
            onChange.run();
        }
    }

    @Override
    public String toString() {
        long all = sizes.values().stream().mapToLong(Long::longValue).sum();
        return all == 0
                ? "pulling " + reference
                : "pulling " + reference + ": received " + mebi(received) + " of " + mebi(sizes) + " MiB so far, "
                        + unpacked.size() + (unpacked.size() == 1 ? " layer" : " layers") + " unpacked";
    }

    private static long mebi(Map<Digest, Long> bytes) {
        return bytes.values().stream().mapToLong(Long::longValue).sum() / MEBI;
    }
}
