package dev.agentcontainers.egressproxy.names;

/** Allows so much at once and so much in the long run. For one thread. */
final class TokenBucket {
    private static final double NANOS = 1e9;

    private final double capacity;
    private final double perSecond;
    private double tokens;
    private long filled;

    TokenBucket(double capacity, double perSecond, long now) {
        this.capacity = capacity;
        this.perSecond = perSecond;
        this.tokens = capacity;
        this.filled = now;
    }

    /** Takes so many, or none where there are not as many. */
    boolean take(double count, long now) {
        tokens = Math.min(capacity, tokens + (now - filled) / NANOS * perSecond);
        filled = now;
        if (tokens < count) {
            return false;
        }
        tokens -= count;
        return true;
    }
}
