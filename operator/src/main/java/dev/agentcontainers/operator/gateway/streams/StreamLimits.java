package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.protocol.RefusedException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** How many streams there may be at once. Thread-safe. */
public final class StreamLimits {
    private static final int TOO_MANY = 429;

    private final int perUser;
    private final int perNode;
    private final int total;
    private final Map<String, Integer> users = new HashMap<>();
    private final Map<String, Integer> nodes = new HashMap<>();
    private int open;

    public StreamLimits(int perUser, int perNode, int total) {
        this.perUser = perUser;
        this.perNode = perNode;
        this.total = total;
    }

    /** A stream's place among the others; released once, however often it is closed. */
    public interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    /** @throws RefusedException with code 429 */
    public synchronized Permit acquire(String user, String node) {
        if (users.getOrDefault(user, 0) >= perUser) {
            throw new RefusedException(
                    TOO_MANY, "user '%s' has %d streams open, the most allowed: close one".formatted(user, perUser));
        }
        if (nodes.getOrDefault(node, 0) >= perNode) {
            throw new RefusedException(
                    TOO_MANY, "node '%s' has %d streams open, the most allowed".formatted(node, perNode));
        }
        if (open >= total) {
            throw new RefusedException(TOO_MANY, "the gateway has %d streams open, the most allowed".formatted(total));
        }
        users.merge(user, 1, Integer::sum);
        nodes.merge(node, 1, Integer::sum);
        open++;
        AtomicBoolean released = new AtomicBoolean();
        return () -> {
            if (released.compareAndSet(false, true)) {
                release(user, node);
            }
        };
    }

    public synchronized int open() {
        return open;
    }

    private synchronized void release(String user, String node) {
        users.computeIfPresent(user, (key, count) -> count == 1 ? null : count - 1);
        nodes.computeIfPresent(node, (key, count) -> count == 1 ? null : count - 1);
        open--;
    }
}
