package dev.agentcontainers.egressproxy.control;

import dev.agentcontainers.protocol.names.ProxyMessage.TlsAudit;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import java.util.Optional;

/** Decisions about connections that the node agent has not been told yet, see {@link FairBacklog}. */
public final class KeptTlsDecisions {
    private final FairBacklog<TlsDecision> backlog;

    public KeptTlsDecisions(int most) {
        this.backlog = new FairBacklog<>(most, TlsDecision::agent);
    }

    public void add(TlsDecision decision) {
        backlog.add(decision);
    }

    Optional<TlsAudit> take() {
        return backlog.take().map(taken -> new TlsAudit(taken.some(), taken.dropped()));
    }
}
