package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.names.NamesFence.Named;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.NodeMessage.Granted;
import dev.agentcontainers.protocol.names.NodeMessage.Refused;
import dev.agentcontainers.protocol.names.ProxyMessage.GiveBack;
import dev.agentcontainers.protocol.names.ProxyMessage.Spend;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes bytes of agents' budgets for one connection of the egress proxy. The boundary: nothing that the proxy says is taken for true, so that it
 * spends nobody's budget but that of a rule of the very agent's group, and gives nothing back that it was not granted here: what a
 * proxy that is gone had, counts as used. For one thread.
 */
final class Loans {
    private static final Logger LOG = LoggerFactory.getLogger(Loans.class);

    /** Of agents that are gone nothing is given back. */
    private static final int LOOKED_THROUGH_AT = 1024;

    /** Of one connection. */
    private static final int MOST_WARNINGS = 64;

    /** Far more than a proxy hands on at once. */
    private static final long MOST_NEEDED = 1 << 20;

    private final NamesFence fence;
    private final Map<Loan, Long> granted = new HashMap<>();
    /** What was warned of, which the proxy tries again at once. */
    private final Set<Loan> warned = new HashSet<>();

    private int lookedThroughAt = LOOKED_THROUGH_AT;

    private record Loan(String spender, String rule) {}

    Loans(NamesFence fence) {
        this.fence = fence;
    }

    /** The answer, after the kernel's acknowledgement. */
    NodeMessage spend(Spend request) {
        try {
            Optional<Named> agent = fence.agentNamed(request.spender());
            if (agent.isEmpty()) {
                return new Refused(request.request(), "there is no such agent");
            }
            if (request.bytes() < 1 || request.bytes() > MOST_NEEDED || !isRelayed(agent.get(), request.rule())) {
                warn(request, "it is none that the proxy can have");
                return new Refused(request.request(), "no rule of the agent's group has so much for it");
            }
            long bytes = fence.lend(agent.get().id(), request.rule(), request.bytes());
            if (bytes > 0) {
                granted.merge(new Loan(request.spender(), request.rule()), bytes, Long::sum);
                forgetGone();
            }
            return new Granted(request.request(), bytes);
        } catch (SandboxException | RuntimeException e) {
            warn(request, e.getMessage());
            return new Refused(request.request(), "it can't be charged");
        }
    }

    /** Once for each rule of an agent. The names are the proxy's: they are not told, and no more of them are kept than there may be. */
    private void warn(Spend request, @Nullable String why) {
        if (warned.size() < MOST_WARNINGS && warned.add(new Loan(request.spender(), request.rule()))) {
            LOG.warn("what an agent relays can't be charged to a budget: {}", why);
        }
    }

    /** How many warnings there were. */
    int warnings() {
        return warned.size();
    }

    private void forgetGone() {
        if (granted.size() > lookedThroughAt) {
            granted.keySet().removeIf(loan -> fence.agentNamed(loan.spender()).isEmpty());
            lookedThroughAt = Math.max(LOOKED_THROUGH_AT, 2 * granted.size());
        }
    }

    void giveBack(GiveBack unused) {
        Long had = granted.remove(new Loan(unused.spender(), unused.rule()));
        if (had == null || unused.bytes() < 1) {
            return;
        }
        try {
            Optional<Named> agent = fence.agentNamed(unused.spender());
            if (agent.isPresent() && isRelayed(agent.get(), unused.rule())) {
                fence.takeBack(agent.get().id(), unused.rule(), Math.min(had, unused.bytes()));
            }
        } catch (SandboxException | RuntimeException e) {
            LOG.debug("what was not used of a budget counts as used: {}", e.getMessage());
        }
    }

    private static boolean isRelayed(Named agent, String rule) {
        return agent.group().relayed().stream().anyMatch(budget -> budget.rule().equals(rule));
    }
}
