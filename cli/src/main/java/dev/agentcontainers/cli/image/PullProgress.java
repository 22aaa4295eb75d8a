package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.cli.terminal.ProgressLine;
import dev.agentcontainers.cli.terminal.Rate;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Says on one line, again and again, how a pull goes; nothing where nobody looks. What becomes known of an image's size
 * grows while its layers are begun. Thread-safe.
 */
final class PullProgress implements PullObserver, AutoCloseable {
    private final Rate rate;
    private final ProgressLine painted;

    private final Map<Digest, Long> here = new HashMap<>();
    private final Map<Digest, Long> sizes = new HashMap<>();

    /** What was here of content before this pull. */
    private final Map<Digest, Long> earlier = new HashMap<>();

    private final Set<Digest> unpacked = new HashSet<>();
    /** @param shown whether somebody looks */
    PullProgress(PrintWriter out, boolean shown) {
        this(out, shown, System::nanoTime);
    }

    PullProgress(PrintWriter out, boolean shown, LongSupplier nanoTime) {
        this.rate = new Rate(nanoTime);
        this.painted = new ProgressLine(out, shown, this::line);
    }

    @Override
    public synchronized void received(Digest content, long bytes, long of) {
        earlier.putIfAbsent(content, bytes);
        // Content that has to be begun anew was not here before.
        earlier.computeIfPresent(content, (_, before) -> Math.min(before, bytes));
        here.put(content, bytes);
        sizes.put(content, of);
    }

    @Override
    public synchronized void unpacked(Digest layer) {
        unpacked.add(layer);
    }

    /** For example {@code 2 layers unpacked, 12.3 MiB of 48.1 MiB, 10.2 MiB/s}; without a rate where all has come. */
    synchronized String line() {
        long perSecond = rate.perSecond(receivedNow());
        String amounts = "%s unpacked, %s of %s"
                .formatted(layers(unpacked.size()), ByteCount.text(sum(here)), ByteCount.text(sum(sizes)));
        return sum(here) == sum(sizes) ? amounts : "%s, %s/s".formatted(amounts, ByteCount.text(perSecond));
    }

    /** For example {@code 5 layers, 48.1 MiB received in 5.2 s}. */
    synchronized String summary() {
        return "%s, %s received in %.1f s"
                .formatted(layers(unpacked.size()), ByteCount.text(receivedNow()), rate.seconds());
    }

    private long receivedNow() {
        return sum(here) - sum(earlier);
    }

    private static long sum(Map<Digest, Long> amounts) {
        return amounts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String layers(int count) {
        return count == 1 ? "1 layer" : count + " layers";
    }

    /** Leaves nothing of the line. */
    @Override
    public void close() {
        painted.close();
    }
}
