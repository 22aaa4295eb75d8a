package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.protocol.names.ProxyMessage.TlsAudit;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Decisions about connections that the node agent has not been told yet: so many, those beyond are counted. Thread-safe. */
public final class KeptTlsDecisions {
    private static final int MOST_AT_ONCE = 256;

    private final int most;
    private final Deque<TlsDecision> kept = new ArrayDeque<>();
    private long dropped;

    public KeptTlsDecisions(int most) {
        this.most = most;
    }

    /** Never waits for anybody. */
    public synchronized void add(TlsDecision decision) {
        if (kept.size() < most) {
            kept.add(decision);
        } else {
            dropped++;
        }
    }

    /** The oldest of them; they are not kept any longer. Empty where there is nothing to tell. */
    synchronized Optional<TlsAudit> take() {
        if (kept.isEmpty() && dropped == 0) {
            return Optional.empty();
        }
        List<TlsDecision> taken = new ArrayList<>();
        while (taken.size() < MOST_AT_ONCE && !kept.isEmpty()) {
            taken.add(kept.remove());
        }
        TlsAudit audit = new TlsAudit(taken, dropped);
        dropped = 0;
        return Optional.of(audit);
    }
}
