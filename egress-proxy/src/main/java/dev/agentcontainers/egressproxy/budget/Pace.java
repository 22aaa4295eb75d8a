package dev.agentcontainers.egressproxy.budget;

/** So many bytes in a second, and a second's worth beside a fixed number at once, as the kernel's limits have it. For one thread. */
final class Pace {
    /** As for what the kernel charges. */
    private static final int BURST = 128 << 10;

    private static final double NANOS = 1e9;

    private final long rate;
    private final double capacity;
    private double left;
    private long filled;

    Pace(long rate, long now) {
        this.rate = rate;
        this.capacity = (double) rate + BURST;
        this.left = capacity;
        this.filled = now;
    }

    long rate() {
        return rate;
    }

    /** After how many nanoseconds so many may pass; 0: now. What is more than may ever pass at once waits for all. */
    long until(long bytes, long now) {
        fill(now);
        double lacking = Math.min(bytes, capacity) - left;
        return lacking <= 0 ? 0 : Math.max(1, (long) Math.ceil(lacking / rate * NANOS));
    }

    void take(long bytes, long now) {
        fill(now);
        left -= bytes;
    }

    /** Whether nothing would be forgotten with it. */
    boolean isFull(long now) {
        fill(now);
        return left >= capacity;
    }

    private void fill(long now) {
        left = Math.min(capacity, left + (now - filled) / NANOS * rate);
        filled = now;
    }
}
