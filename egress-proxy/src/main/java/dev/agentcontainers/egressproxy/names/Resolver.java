package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.egressproxy.names.Resolution.Found;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Knows for a while what names stand for, and asks upstream only once at a time for each. Whether an agent may know is
 * decided before, and what it may reach is opened afterwards, for each agent. For one thread.
 */
final class Resolver {
    private static final int MOST_KNOWN = 2048;
    private static final int MOST_ASKED = 256;
    private static final long NANOS = 1_000_000_000L;

    private final Upstream upstream;
    private final LongSupplier nanoTime;
    private final Map<String, CompletableFuture<Resolution>> asked = new HashMap<>();
    private final LinkedHashMap<String, Known> known = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST_KNOWN;
        }
    };

    private record Known(Found found, long until) {}

    Resolver(Upstream upstream, LongSupplier nanoTime) {
        this.upstream = upstream;
        this.nanoTime = nanoTime;
    }

    /** Whether the name can be told without anything leaving the node. */
    boolean knows(String name) {
        return known(name).isPresent();
    }

    private Optional<Known> known(String name) {
        return Optional.ofNullable(known.get(name)).filter(entry -> secondsLeft(entry) > 0);
    }

    CompletableFuture<Resolution> resolve(String name) {
        Optional<Known> entry = known(name);
        if (entry.isPresent()) {
            return CompletableFuture.completedFuture(
                    new Found(entry.get().found().addresses(), (int) secondsLeft(entry.get())));
        }
        CompletableFuture<Resolution> pending = asked.get(name);
        if (pending != null) {
            return pending;
        }
        if (asked.size() >= MOST_ASKED) {
            return CompletableFuture.completedFuture(
                    new Resolution.Failed("%d names are being asked for already".formatted(MOST_ASKED)));
        }
        // What is handed on is complete after it is remembered.
        CompletableFuture<Resolution> answer = upstream.resolve(name).whenComplete((resolution, _) -> {
            asked.remove(name);
            if (resolution instanceof Found found) {
                known.put(name, new Known(found, nanoTime.getAsLong() + found.seconds() * NANOS));
            }
        });
        if (!answer.isDone()) {
            asked.put(name, answer);
        }
        return answer;
    }

    void forgetAll() {
        known.clear();
    }

    private long secondsLeft(Known entry) {
        return (entry.until() - nanoTime.getAsLong()) / NANOS;
    }
}
