package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import dev.agentcontainers.protocol.names.TlsVerdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The log of connections that may be TLS only: what passed for those who look closely, everything else for all. */
final class TlsLog {
    private static final Logger LOG = LoggerFactory.getLogger("agentcontainers.audit.tls");

    private TlsLog() {}

    static void write(String agent, TlsDecision decision) {
        LOG.atLevel(decision.verdict() == TlsVerdict.PASSED ? Level.DEBUG : Level.INFO)
                .log(
                        "{} ({}) connects to {}:{} for {}: {}, {} µs",
                        agent,
                        NameAudit.printable(decision.agent()),
                        NameAudit.printable(decision.address()),
                        decision.port(),
                        NameAudit.printable(String.valueOf(decision.serverName())),
                        decision.verdict(),
                        decision.micros());
    }
}
