package dev.agentcontainers.cli.terminal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/** How fast something grows, as the mean of the last three seconds. For one thread at a time. */
public final class Rate {
    private static final Duration WINDOW = Duration.ofSeconds(3);
    private static final double NANOS = 1e9;

    private final LongSupplier nanoTime;
    private final long begun;
    private final Deque<Sample> samples = new ArrayDeque<>();

    private record Sample(long nanoTime, long amount) {}

    /** From nothing, now. */
    public Rate(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.begun = nanoTime.getAsLong();
        samples.add(new Sample(begun, 0));
    }

    /** Takes note of the amount that it is now. @return its growth in a second, never below 0 */
    public long perSecond(long amount) {
        long now = nanoTime.getAsLong();
        samples.addLast(new Sample(now, amount));
        while (samples.size() > 2 && now - samples.getFirst().nanoTime() > WINDOW.toNanos()) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        long nanos = now - first.nanoTime();
        return nanos <= 0 ? 0 : (long) Math.max(0, (amount - first.amount()) * NANOS / nanos);
    }

    /** Since its beginning. */
    public double seconds() {
        return (nanoTime.getAsLong() - begun) / NANOS;
    }
}
