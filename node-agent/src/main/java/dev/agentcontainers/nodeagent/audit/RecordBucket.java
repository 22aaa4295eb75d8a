package dev.agentcontainers.nodeagent.audit;

/** So many records at once, and so many each second in the long run. Thread-safe. */
final class RecordBucket {
    private static final double NANOS = 1e9;

    private final AuditLimits limits;
    private double left;
    private long filledAt;

    RecordBucket(AuditLimits limits, long nanos) {
        this.limits = limits;
        this.left = limits.burst();
        this.filledAt = nanos;
    }

    synchronized boolean take(long nanos) {
        left = Math.min(limits.burst(), left + Math.max(0, nanos - filledAt) / NANOS * limits.perSecond());
        filledAt = nanos;
        if (left < 1) {
            return false;
        }
        left--;
        return true;
    }
}
