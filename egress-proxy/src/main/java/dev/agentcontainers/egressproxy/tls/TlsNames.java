package dev.agentcontainers.egressproxy.tls;

import dev.agentcontainers.egressproxy.resolved.ChargedRules;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.egressproxy.resolved.RememberedOpenings;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules.AtPort;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules.Rule;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Which names each agent may reach by TLS, at which ports, and to which addresses it has resolved them. Thread-safe. */
public final class TlsNames implements RememberedOpenings.Listener {
    private static final Logger LOG = System.getLogger(TlsNames.class.getName());

    private final LongSupplier nanoTime;
    private final ResolvedRules<Charged> rules;

    public TlsNames(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.rules = new ResolvedRules<>(nanoTime);
    }

    /**
     * All that such a rule says of a name.
     *
     * @param budget the rule whose budget is charged; null where none is
     */
    private record Charged(@Nullable String budget) {}

    /** What becomes of a connection. */
    public sealed interface Result {
        /** @param budgets the rules whose budgets are charged, in their order; empty where it is not counted */
        record Permitted(Permit permit, List<String> budgets) implements Result {
            public Permitted {
                budgets = List.copyOf(budgets);
            }
        }

        record Refused(TlsVerdict why) implements Result {}
    }

    /** Replaces who may reach what. */
    public synchronized void configure(Configure configuration) {
        Map<String, List<Rule<Charged>>> all = new HashMap<>();
        configuration
                .groups()
                .keySet()
                .forEach(group ->
                        all.put(group, rules(group, configuration.tlsNames().getOrDefault(group, List.of()))));
        rules.configure(all, configuration.agents(), configuration.closed());
    }

    private static List<Rule<Charged>> rules(String group, List<TlsName> names) {
        List<Rule<Charged>> rules = new ArrayList<>();
        for (TlsName name : names) {
            try {
                rules.add(new Rule<>(
                        DomainName.parse(name.domain()), name.port(), name.endPort(), new Charged(name.budget())));
            } catch (IllegalArgumentException e) {
                LOG.log(Level.ERROR, "group {0} may not reach a name by TLS: {1}", group, e.getMessage());
            }
        }
        return rules;
    }

    @Override
    public synchronized void resolved(String address, String name, List<String> addresses, int seconds) {
        rules.resolved(address, name, addresses, seconds);
    }

    /** Whether there is a rule for the agent about that name at that port, wherever the name leads. */
    public synchronized boolean isAbout(String from, String name, int port) {
        return rules.isAbout(from, name, port);
    }

    /**
     * Whether a connection may pass.
     *
     * @param from address of the agent
     * @param to address that it connects to
     * @param serverName as the connection has it
     */
    public synchronized Result connects(String from, String to, int port, String serverName) {
        Optional<AtPort<Charged>> there = rules.at(from, port);
        if (there.isEmpty()) {
            return new Result.Refused(TlsVerdict.UNKNOWN_AGENT);
        }
        return DomainName.asked(serverName)
                .filter(name -> there.get().rules().stream()
                        .anyMatch(rule -> rule.domain().matches(name)))
                .filter(name -> there.get().places().has(name, to, nanoTime.getAsLong()))
                .flatMap(name -> there.get()
                        .permit()
                        .<Result>map(permit -> new Result.Permitted(permit, budgets(there.get(), name))))
                .orElseGet(() -> new Result.Refused(TlsVerdict.OTHER_NAME));
    }

    private static List<String> budgets(AtPort<Charged> there, String name) {
        return ChargedRules.of(there.rules().stream()
                .filter(rule -> rule.domain().matches(name))
                .map(rule -> rule.detail().budget()));
    }

    /** Whether nobody gets to that address, by TLS or without, whatever names lead there. */
    public synchronized boolean isClosed(String to) {
        return rules.isClosed(to);
    }

    /** Whether what the agent's connection rests on is still there. */
    public synchronized boolean holds(String from, String to, Permit permit) {
        return rules.holds(from, to, permit);
    }
}
