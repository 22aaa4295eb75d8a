package dev.agentcontainers.nodeagent.names;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How much of each agent is written: so many lines at once and so many each minute, so that whoever asks for what it must not
 * have neither fills the disk nor hides the others. Thread-safe.
 */
final class LogQuotas {
    static final int AT_ONCE = 100;
    static final int EACH_MINUTE = 30;

    /** Of which it is remembered how much was written; those that asked last. */
    private static final int MOST_AGENTS = 4096;

    private static final double NANOS_OF_A_LINE = (double) Duration.ofMinutes(1).toNanos() / EACH_MINUTE;

    private final LongSupplier nanoTime;
    private final Map<String, Quota> quotas = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Quota> eldest) {
            return size() > MOST_AGENTS;
        }
    };

    LogQuotas(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** How many lines of the agent were left out since its last; -1 where this one is to be, too. */
    synchronized long take(String agent) {
        long now = nanoTime.getAsLong();
        return quotas.computeIfAbsent(agent, _ -> new Quota(now)).take(now);
    }

    private static final class Quota {
        private double lines = AT_ONCE;
        private long filled;
        private long leftOut;

        Quota(long now) {
            filled = now;
        }

        long take(long now) {
            lines = Math.min(AT_ONCE, lines + (now - filled) / NANOS_OF_A_LINE);
            filled = now;
            if (lines < 1) {
                leftOut++;
                return -1;
            }
            lines--;
            long left = leftOut;
            leftOut = 0;
            return left;
        }
    }
}
