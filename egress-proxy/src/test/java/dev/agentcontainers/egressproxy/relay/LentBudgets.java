package dev.agentcontainers.egressproxy.relay;

import dev.agentcontainers.egressproxy.budget.Budgets;
import dev.agentcontainers.egressproxy.budget.Lender;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps books as a node agent does. */
final class LentBudgets implements Lender {
    private static final long MOST = 128 << 10;

    private final Map<String, Long> limits = new ConcurrentHashMap<>();
    private final Map<String, Long> used = new ConcurrentHashMap<>();
    private volatile boolean away;

    /** Where nobody has a budget. */
    static Budgets none(EventLoopGroup group) {
        return new Budgets(new LentBudgets(), group.next(), System::nanoTime);
    }

    void limit(String rule, long bytes) {
        limits.put(rule, bytes);
    }

    long used(String rule) {
        return used.getOrDefault(rule, 0L);
    }

    void isAway(boolean now) {
        away = now;
    }

    @Override
    public synchronized CompletableFuture<Long> spend(String spender, String rule, long bytes) {
        if (away) {
            return CompletableFuture.failedFuture(new IOException("away"));
        }
        long left = limits.getOrDefault(rule, Long.MAX_VALUE) - used(rule);
        long granted = Math.min(left, Math.max(bytes, Math.min(MOST, left / 20)));
        used.merge(rule, granted, Long::sum);
        return CompletableFuture.completedFuture(granted);
    }

    @Override
    public synchronized CompletableFuture<Boolean> giveBack(String spender, String rule, long bytes) {
        if (!away) {
            used.merge(rule, -bytes, Long::sum);
        }
        return CompletableFuture.completedFuture(!away);
    }
}
