package dev.agentcontainers.egressproxy.names;

import dev.agentcontainers.egressproxy.names.Resolution.Found;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Knows for a while what names stand for, and asks upstream only once at a time for each. Whether an agent may know is
 * decided before, and what it may reach is opened afterwards, for each agent. There is room for so many questions on their way:
 * where it is full, who has the most on their way gives up the oldest, so that names whose servers never answer are at the cost
 * of who asks for them. For one thread.
 */
final class Resolver {
    private static final int MOST_KNOWN = 2048;
    static final int MOST_ASKED = 512;
    private static final long NANOS = 1_000_000_000L;

    private final Upstream upstream;
    private final LongSupplier nanoTime;
    private final Map<String, Asked> asked = new LinkedHashMap<>();
    private final LinkedHashMap<String, Known> known = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Known> eldest) {
            return size() > MOST_KNOWN;
        }
    };

    private record Known(Found found, long until) {}

    /** A question on its way, which counts for one of those who wait for it. */
    private static final class Asked {
        private final CompletableFuture<Resolution> upstream;
        private final CompletableFuture<Resolution> answer;
        private String agent;

        Asked(CompletableFuture<Resolution> upstream, CompletableFuture<Resolution> answer, String agent) {
            this.upstream = upstream;
            this.answer = answer;
            this.agent = agent;
        }
    }

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

    /** @param agent address of the one who wants to know */
    CompletableFuture<Resolution> resolve(String agent, String name) {
        Optional<Known> entry = known(name);
        if (entry.isPresent()) {
            return CompletableFuture.completedFuture(
                    new Found(entry.get().found().addresses(), (int) secondsLeft(entry.get())));
        }
        Asked pending = asked.get(name);
        if (pending != null) {
            if (onTheWay(agent) < onTheWay(pending.agent)) {
                pending.agent = agent;
            }
            return pending.answer;
        }
        if (asked.size() >= MOST_ASKED && !makeRoom(agent)) {
            return CompletableFuture.completedFuture(
                    new Resolution.Failed("%d names are being asked for already".formatted(MOST_ASKED)));
        }
        CompletableFuture<Resolution> question = upstream.resolve(name);
        // What is handed on is complete after it is remembered.
        CompletableFuture<Resolution> answer = question.whenComplete((resolution, _) -> {
            asked.remove(name);
            if (resolution instanceof Found found) {
                known.put(name, new Known(found, nanoTime.getAsLong() + found.seconds() * NANOS));
            }
        });
        if (!answer.isDone()) {
            asked.put(name, new Asked(question, answer, agent));
        }
        return answer;
    }

    private long onTheWay(String agent) {
        return asked.values().stream().filter(each -> each.agent.equals(agent)).count();
    }

    /** False where nobody has more on the way than this agent. */
    private boolean makeRoom(String agent) {
        Map<String, Integer> counts = new HashMap<>();
        asked.values().forEach(each -> counts.merge(each.agent, 1, Integer::sum));
        Map.Entry<String, Integer> most = Collections.max(counts.entrySet(), Map.Entry.comparingByValue());
        if (most.getValue() <= counts.getOrDefault(agent, 0) + 1) {
            return false;
        }
        Asked oldest = asked.values().stream()
                .filter(each -> each.agent.equals(most.getKey()))
                .findFirst()
                .orElseThrow();
        oldest.upstream.complete(new Resolution.Failed("it waits for longer than others' questions"));
        return true;
    }

    void forgetAll() {
        known.clear();
    }

    private long secondsLeft(Known entry) {
        return (entry.until() - nanoTime.getAsLong()) / NANOS;
    }
}
