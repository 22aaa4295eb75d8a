package dev.agentcontainers.cli.image;

import dev.agentcontainers.cli.terminal.ByteCount;
import dev.agentcontainers.nodeagent.image.Digest;
import dev.agentcontainers.nodeagent.image.store.PullObserver;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Says on one line, again and again, how a pull goes; nothing where nobody looks. What becomes known of an image's size
 * grows while its layers are begun. Thread-safe.
 */
final class PullProgress implements PullObserver, AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    /** Over which the rate is a mean. */
    private static final Duration WINDOW = Duration.ofSeconds(3);

    private final PrintWriter out;
    private final boolean shown;
    private final LongSupplier nanoTime;
    private final long begun;
    private final ScheduledExecutorService painter =
            Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().factory());

    private final Map<Digest, Long> here = new HashMap<>();
    private final Map<Digest, Long> sizes = new HashMap<>();

    /** What was here of content before this pull. */
    private final Map<Digest, Long> earlier = new HashMap<>();

    private final Set<Digest> unpacked = new HashSet<>();
    private final Deque<Sample> samples = new ArrayDeque<>();

    private record Sample(long nanoTime, long received) {}

    /** @param shown whether somebody looks */
    PullProgress(PrintWriter out, boolean shown) {
        this(out, shown, System::nanoTime);
        if (shown) {
            painter.scheduleWithFixedDelay(
                    this::paint, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    PullProgress(PrintWriter out, boolean shown, LongSupplier nanoTime) {
        this.out = out;
        this.shown = shown;
        this.nanoTime = nanoTime;
        this.begun = nanoTime.getAsLong();
        samples.add(new Sample(begun, 0));
    }

    /** Whether standard error is a terminal. The kernel knows; where it doesn't say, nobody is taken to look. */
    static boolean isWatched() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
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

    private void paint() {
        out.print("\r\033[K  " + line());
        out.flush();
    }

    /** For example {@code 2 layers unpacked, 12.3 MiB of 48.1 MiB, 10.2 MiB/s}; without a rate where all has come. */
    synchronized String line() {
        long now = nanoTime.getAsLong();
        long received = receivedNow();
        samples.addLast(new Sample(now, received));
        while (samples.size() > 2 && now - samples.getFirst().nanoTime() > WINDOW.toNanos()) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        String amounts = "%s unpacked, %s of %s"
                .formatted(layers(unpacked.size()), ByteCount.text(sum(here)), ByteCount.text(sum(sizes)));
        return sum(here) == sum(sizes)
                ? amounts
                : "%s, %s/s"
                        .formatted(
                                amounts,
                                ByteCount.text(perSecond(received - first.received(), now - first.nanoTime())));
    }

    /** For example {@code 5 layers, 48.1 MiB received in 5.2 s}. */
    synchronized String summary() {
        double seconds = (nanoTime.getAsLong() - begun) / 1e9;
        return "%s, %s received in %.1f s".formatted(layers(unpacked.size()), ByteCount.text(receivedNow()), seconds);
    }

    private long receivedNow() {
        return sum(here) - sum(earlier);
    }

    private static long perSecond(long bytes, long nanos) {
        return nanos <= 0 ? 0 : (long) Math.max(0, bytes * 1e9 / nanos);
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
        painter.shutdownNow();
        painter.close();
        if (shown) {
            out.print("\r\033[K");
            out.flush();
        }
    }
}
