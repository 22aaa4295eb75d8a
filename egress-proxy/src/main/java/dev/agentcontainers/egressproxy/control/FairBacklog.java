package dev.agentcontainers.egressproxy.control;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the node agent has not been told yet: so much, and of one agent no more than a part, so that one's flood leaves the
 * others' be seen. What is beyond is counted. Thread-safe; never waits for anybody.
 */
final class FairBacklog<T> {
    private static final int MOST_AT_ONCE = 256;
    private static final int AGENTS_AT_LEAST = 8;

    private final int most;
    private final Function<T, String> agent;
    private final Deque<T> kept = new ArrayDeque<>();
    private final Map<String, Integer> ofAgents = new HashMap<>();
    private long dropped;

    /**
     * @param most of all agents together
     * @param agent whose one is
     */
    FairBacklog(int most, Function<T, String> agent) {
        this.most = most;
        this.agent = agent;
    }

    /** @param dropped how many were not kept since the time before */
    record Taken<T>(List<T> some, long dropped) {}

    synchronized void add(T one) {
        int ofAgent = ofAgents.getOrDefault(agent.apply(one), 0);
        if (kept.size() < most && ofAgent < most / AGENTS_AT_LEAST) {
            kept.add(one);
            ofAgents.put(agent.apply(one), ofAgent + 1);
        } else {
            dropped++;
        }
    }

    /** The oldest; they are not kept any longer. Empty where there is nothing to tell. */
    synchronized Optional<Taken<T>> take() {
        if (kept.isEmpty() && dropped == 0) {
            return Optional.empty();
        }
        List<T> some = new ArrayList<>();
        while (some.size() < MOST_AT_ONCE && !kept.isEmpty()) {
            T oldest = kept.remove();
            ofAgents.computeIfPresent(agent.apply(oldest), (_, count) -> count == 1 ? null : count - 1);
            some.add(oldest);
        }
        Taken<T> taken = new Taken<>(some, dropped);
        dropped = 0;
        return Optional.of(taken);
    }
}
