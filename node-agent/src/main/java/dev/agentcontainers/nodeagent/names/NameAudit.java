package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a record of what agents ask for. Must not wait. */
public interface NameAudit {
    /**
     * @param agent who asked
     * @param decision as the proxy tells it
     */
    void decided(String agent, NameDecision decision);

    /** So many decisions are not known. */
    void dropped(long count);

    /** Into the log: what was answered for those who look closely, everything else for all. */
    static NameAudit logged() {
        return new NameAudit() {
            private static final Logger LOG = LoggerFactory.getLogger("agentcontainers.audit.names");

            @Override
            public void decided(String agent, NameDecision decision) {
                boolean answered =
                        decision.verdict() == NameVerdict.RESOLVED || decision.verdict() == NameVerdict.NO_DATA;
                LOG.atLevel(answered ? org.slf4j.event.Level.DEBUG : org.slf4j.event.Level.INFO)
                        .log(
                                "{} ({}) asks for {} {}: {}, rule {}, {}, {} µs",
                                agent,
                                decision.agent(),
                                decision.name(),
                                decision.type(),
                                decision.verdict(),
                                decision.rule(),
                                decision.addresses(),
                                decision.micros());
            }

            @Override
            public void dropped(long count) {
                LOG.warn("{} decisions about names are not in this record: there were too many", count);
            }
        };
    }
}
