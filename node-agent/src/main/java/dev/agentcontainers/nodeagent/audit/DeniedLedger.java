package dev.agentcontainers.nodeagent.audit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Compares what the kernel has counted of an agent's denied packets with those that it told of. The kernel's telling comes
 * a little later than its counting, so each count is compared only when the next is there.
 */
final class DeniedLedger {
    private final long base;
    private final AtomicLong told = new AtomicLong();
    private long counted;
    /** What the kernel counted before it began anew. */
    private long earlier;

    private long reported;
    private int rounds;

    /** @param base the kernel's count when this begins */
    DeniedLedger(long base) {
        this.base = base;
        this.counted = base;
    }

    void told() {
        told.incrementAndGet();
    }

    /**
     * The kernel has forgotten its count.
     *
     * @param last what it was
     * @param now what it is
     */
    synchronized void countsAnew(long last, long now) {
        counted = Math.max(counted, earlier + last);
        earlier = counted - now;
        rounds = 0;
    }

    /**
     * Takes the kernel's count of now.
     *
     * @return how many that the count before had were never told of and not given out yet
     */
    synchronized long missing(long now) {
        long missing = Math.max(0, counted - base - told.get() - reported);
        reported += missing;
        rounds = earlier + now > counted ? 0 : rounds + 1;
        counted = Math.max(counted, earlier + now);
        return missing;
    }

    /** Whether the last count has been compared, and nothing came after it. */
    synchronized boolean isComplete() {
        return rounds > 1;
    }
}
