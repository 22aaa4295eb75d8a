package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import dev.agentcontainers.protocol.names.ProxyMessage.HttpDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what the proxy says that it has decided. */
public final class RecordedDecisions implements NameAudit {
    private final List<NameDecision> names = new CopyOnWriteArrayList<>();
    private final List<TlsDecision> connections = new CopyOnWriteArrayList<>();
    private final List<HttpDecision> requests = new CopyOnWriteArrayList<>();

    /** As they come. */
    public List<NameDecision> names() {
        return names;
    }

    /** As they come. */
    public List<TlsDecision> connections() {
        return connections;
    }

    /** As they come. */
    public List<HttpDecision> requests() {
        return requests;
    }

    @Override
    public void opened(SandboxId agent, String name, List<String> addresses) {}

    @Override
    public void decided(NameDecision decision) {
        names.add(decision);
    }

    @Override
    public void connected(TlsDecision decision) {
        connections.add(decision);
    }

    @Override
    public void requested(HttpDecision decision) {
        requests.add(decision);
    }

    @Override
    public void dropped(long count) {}
}
