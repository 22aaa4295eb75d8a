package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.egressproxy.names.Decisions;
import dev.agentcontainers.protocol.names.ProxyMessage.Audit;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decisions that the node agent has not been told yet: so many, and of one agent no more than a part, so that one's flood leaves
 * the others' be seen. Those beyond are counted. For one thread.
 */
public final class KeptDecisions implements Decisions {
    private static final int MOST_AT_ONCE = 256;
    private static final int AGENTS_AT_LEAST = 8;

    private final int most;
    private final Deque<NameDecision> kept = new ArrayDeque<>();
    private final Map<String, Integer> ofAgents = new HashMap<>();
    private long dropped;

    public KeptDecisions(int most) {
        this.most = most;
    }

    @Override
    public void add(NameDecision decision) {
        int ofAgent = ofAgents.getOrDefault(decision.agent(), 0);
        if (kept.size() < most && ofAgent < most / AGENTS_AT_LEAST) {
            kept.add(decision);
            ofAgents.put(decision.agent(), ofAgent + 1);
        } else {
            dropped++;
        }
    }

    /** The oldest of them; they are not kept any longer. Empty where there is nothing to tell. */
    Optional<Audit> take() {
        if (kept.isEmpty() && dropped == 0) {
            return Optional.empty();
        }
        List<NameDecision> taken = new ArrayList<>();
        while (taken.size() < MOST_AT_ONCE && !kept.isEmpty()) {
            NameDecision oldest = kept.remove();
            ofAgents.computeIfPresent(oldest.agent(), (_, count) -> count == 1 ? null : count - 1);
            taken.add(oldest);
        }
        Audit audit = new Audit(taken, dropped);
        dropped = 0;
        return Optional.of(audit);
    }
}
