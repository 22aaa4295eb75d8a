package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import dev.agentcontainers.protocol.names.ProxyMessage.TlsDecision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Keeps a record of what agents ask for. Must not wait. */
public interface NameAudit {
    /** Characters of a name whose every byte is written with four. */
    int LONGEST = 1016;

    /**
     * @param agent who asked
     * @param decision as the proxy tells it
     */
    void decided(String agent, NameDecision decision);

    /**
     * Of a connection that may be TLS only. Into the log where nothing else is done with it.
     *
     * @param agent whose it was
     * @param decision as the proxy tells it
     */
    default void connected(String agent, TlsDecision decision) {
        TlsLog.write(agent, decision);
    }

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
                LOG.atLevel(answered ? Level.DEBUG : Level.INFO)
                        .log(
                                "{} ({}) asks for {} {}: {}, rule {}, {}, {} µs",
                                agent,
                                printable(decision.agent()),
                                printable(decision.name()),
                                printable(decision.type()),
                                decision.verdict(),
                                printable(String.valueOf(decision.rule())),
                                printable(String.join(" ", decision.addresses())),
                                decision.micros());
            }

            @Override
            public void dropped(long count) {
                LOG.warn("{} decisions about names and connections are not in this record: there were too many", count);
            }
        };
    }

    /** Of what the proxy says, so much as a line of a log can hold without looking like another. */
    static String printable(String text) {
        String plain = text.replaceAll("[^\\x20-\\x7e]", "?");
        return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
    }
}
