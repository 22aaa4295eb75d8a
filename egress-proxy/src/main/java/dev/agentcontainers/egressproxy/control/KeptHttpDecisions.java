package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.protocol.names.ProxyMessage.HttpAudit;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import java.util.Optional;

/** Decisions about requests that the node agent has not been told yet, see {@link FairBacklog}. */
public final class KeptHttpDecisions {
    private final FairBacklog<HttpDecision> backlog;

    public KeptHttpDecisions(int most) {
        this.backlog = new FairBacklog<>(most, HttpDecision::agent);
    }

    public void add(HttpDecision decision) {
        backlog.add(decision);
    }

    Optional<HttpAudit> take() {
        return backlog.take().map(taken -> new HttpAudit(taken.some(), taken.dropped()));
    }
}
