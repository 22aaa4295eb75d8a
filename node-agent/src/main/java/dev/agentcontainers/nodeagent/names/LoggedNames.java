package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.protocol.names.NameVerdict;
import dev.agentcontainers.protocol.names.ProxyMessage.NameDecision;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Writes into the log. Of one agent only so many lines of level INFO ({@link LogQuotas}); those beyond are counted, and the
 * count is written with the next line. Thread-safe.
 */
final class LoggedNames implements NameAudit {
    private static final Logger LOG = LoggerFactory.getLogger("agentcontainers.audit.names");

    private final LogQuotas quotas = new LogQuotas(System::nanoTime);

    @Override
    public void decided(String agent, NameDecision decision) {
        boolean answered = decision.verdict() == NameVerdict.RESOLVED || decision.verdict() == NameVerdict.NO_DATA;
        if (answered) {
            write(Level.DEBUG, agent, decision);
            return;
        }
        long left = quotas.take(agent);
        if (left > 0) {
            LOG.info("{} questions of {} are not in this record: there were too many", left, agent);
        }
        if (left >= 0) {
            write(Level.INFO, agent, decision);
        }
    }

    private static void write(Level level, String agent, NameDecision decision) {
        LOG.atLevel(level)
                .log(
                        "{} ({}) asks for {} {}: {}, rule {}, {}, {} µs",
                        agent,
                        NameAudit.printable(decision.agent()),
                        NameAudit.printable(decision.name()),
                        NameAudit.printable(decision.type()),
                        decision.verdict(),
                        NameAudit.printable(String.valueOf(decision.rule())),
                        NameAudit.printable(String.join(" ", decision.addresses())),
                        decision.micros());
    }

    @Override
    public void dropped(long count) {
        LOG.warn("{} decisions about names are not in this record: there were too many", count);
    }
}
