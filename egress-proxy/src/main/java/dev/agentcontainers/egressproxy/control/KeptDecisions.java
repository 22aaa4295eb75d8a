package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.egressproxy.names.Decisions;
import dev.agentcontainers.protocol.names.ProxyMessage.Audit;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import java.util.Optional;

/** Decisions about names that the node agent has not been told yet, see {@link FairBacklog}. */
public final class KeptDecisions implements Decisions {
    private final FairBacklog<NameDecision> backlog;

    public KeptDecisions(int most) {
        this.backlog = new FairBacklog<>(most, NameDecision::agent);
    }

    @Override
    public void add(NameDecision decision) {
        backlog.add(decision);
    }

    Optional<Audit> take() {
        return backlog.take().map(taken -> new Audit(taken.some(), taken.dropped()));
    }
}
