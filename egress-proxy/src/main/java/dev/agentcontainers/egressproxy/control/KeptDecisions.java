package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.egressproxy.names.Decisions;
import dev.agentcontainers.protocol.names.ProxyMessage.Audit;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Decisions that the node agent has not been told yet: so many, those beyond are counted. For one thread. */
public final class KeptDecisions implements Decisions {
    private static final int MOST_AT_ONCE = 256;

    private final int most;
    private final Deque<NameDecision> kept = new ArrayDeque<>();
    private long dropped;

    public KeptDecisions(int most) {
        this.most = most;
    }

    @Override
    public void add(NameDecision decision) {
        if (kept.size() < most) {
            kept.add(decision);
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
            taken.add(kept.remove());
        }
        Audit audit = new Audit(taken, dropped);
        dropped = 0;
        return Optional.of(audit);
    }
}
