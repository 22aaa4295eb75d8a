package dev.agentcontainers.egressproxy.http;

import dev.agentcontainers.egressproxy.resolved.ChargedRules;
import dev.agentcontainers.egressproxy.resolved.Permit;
import dev.agentcontainers.egressproxy.resolved.RememberedOpenings;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules.AtPort;
import dev.agentcontainers.egressproxy.resolved.ResolvedRules.Rule;
import dev.agentcontainers.policy.http.HttpRequest;
import dev.agentcontainers.policy.http.RequestRule;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.HttpVerdict;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which requests each agent may send to which names, inside TLS or without it, and to which addresses it has resolved them.
 * Thread-safe.
 */
public final class HttpNames implements RememberedOpenings.Listener {
    private static final Logger LOG = System.getLogger(HttpNames.class.getName());

    private final Function<Configure, Map<String, List<HttpName>>> namesOf;
    private final LongSupplier nanoTime;
    private final ResolvedRules<Charged> rules;

    private HttpNames(Function<Configure, Map<String, List<HttpName>>> namesOf, LongSupplier nanoTime) {
        this.namesOf = namesOf;
        this.nanoTime = nanoTime;
        this.rules = new ResolvedRules<>(nanoTime);
    }

    /** Of requests without TLS. */
    public static HttpNames plain(LongSupplier nanoTime) {
        return new HttpNames(Configure::httpNames, nanoTime);
    }

    /** Of requests inside TLS for the very name. */
    public static HttpNames insideTls(LongSupplier nanoTime) {
        return new HttpNames(Configure::httpsNames, nanoTime);
    }

    /**
     * What such a rule says of a name.
     *
     * @param budget the rule whose budget is charged; null where none is
     */
    private record Charged(RequestRule requests, @Nullable String budget) {}

    /** What becomes of a request. */
    public sealed interface Result {
        /** @param budgets the rules whose budgets are charged, in their order; empty where it is not counted */
        record Permitted(Permit permit, List<String> budgets) implements Result {
            public Permitted {
                budgets = List.copyOf(budgets);
            }
        }

        record Refused(HttpVerdict why) implements Result {}
    }

    /** Replaces who may send what. */
    public synchronized void configure(Configure configuration) {
        Map<String, List<Rule<Charged>>> all = new HashMap<>();
        configuration
                .groups()
                .keySet()
                .forEach(group ->
                        all.put(group, rules(group, namesOf.apply(configuration).getOrDefault(group, List.of()))));
        rules.configure(all, configuration.agents(), configuration.closed());
    }

    private static List<Rule<Charged>> rules(String group, List<HttpName> names) {
        List<Rule<Charged>> rules = new ArrayList<>();
        for (HttpName name : names) {
            try {
                rules.add(new Rule<>(
                        DomainName.parse(name.domain()),
                        name.port(),
                        name.endPort(),
                        new Charged(
                                new RequestRule(name.methods(), name.paths(), name.hosts(), name.webSocket()),
                                name.budget())));
            } catch (IllegalArgumentException e) {
                LOG.log(Level.ERROR, "group {0} may not send requests to a name: {1}", group, e.getMessage());
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

    /** Whether the agent has rules about requests at the port. */
    public synchronized boolean has(String from, int port) {
        return rules.at(from, port).flatMap(AtPort::permit).isPresent();
    }

    /**
     * Whether an agent's TLS for that name is to be decrypted there.
     *
     * @param serverName as the connection has it
     * @return the name in its one form, and by what the connection rests; empty where no request could pass
     */
    public synchronized Optional<Decryptable> connects(String from, String to, int port, String serverName) {
        return rules.at(from, port)
                .flatMap(there -> DomainName.asked(serverName)
                        .filter(name -> there.rules().stream()
                                .anyMatch(rule -> rule.domain().matches(name)))
                        .filter(name -> there.places().has(name, to, nanoTime.getAsLong()))
                        .flatMap(name -> there.permit().map(permit -> new Decryptable(name, permit))));
    }

    /** A connection that is decrypted before its requests are judged. */
    public record Decryptable(String name, Permit permit) {}

    /**
     * Whether a request may pass that is inside TLS for a name, or whose connection was asked for by it.
     *
     * @param name that was meant; only what leads to the address by that name counts
     */
    public synchronized Result sends(String from, String to, int port, HttpRequest request, String name) {
        return rules.at(from, port)
                .map(there -> judge(
                        there, there.places().has(name, to, nanoTime.getAsLong()) ? Set.of(name) : Set.of(), request))
                .orElseGet(() -> new Result.Refused(HttpVerdict.UNKNOWN_AGENT));
    }

    /**
     * Whether a request may pass.
     *
     * @param from address of the agent
     * @param to address that it is connected to
     */
    public synchronized Result sends(String from, String to, int port, HttpRequest request) {
        Optional<AtPort<Charged>> there = rules.at(from, port);
        if (there.isEmpty()) {
            return new Result.Refused(HttpVerdict.UNKNOWN_AGENT);
        }
        return judge(there.get(), there.get().places().namesOf(to, nanoTime.getAsLong()), request);
    }

    private static Result judge(AtPort<Charged> there, Set<String> names, HttpRequest request) {
        boolean hostIsKnown = false;
        List<Rule<Charged>> allowing = new ArrayList<>();
        for (Rule<Charged> rule : there.rules()) {
            RequestRule requests = rule.detail().requests();
            for (String name : names) {
                if (rule.domain().matches(name)) {
                    if (requests.allows(request, name)) {
                        allowing.add(rule);
                    }
                    hostIsKnown |= requests.allowsHost(request.host(), name);
                }
            }
        }
        if (!allowing.isEmpty()) {
            return new Result.Permitted(
                    there.permit().orElseThrow(),
                    ChargedRules.of(allowing.stream().map(rule -> rule.detail().budget())));
        }
        return new Result.Refused(hostIsKnown ? HttpVerdict.NO_RULE : HttpVerdict.OTHER_HOST);
    }

    /** Whether what the agent's request rests on is still there. */
    public synchronized boolean holds(String from, String to, Permit permit) {
        return rules.holds(from, to, permit);
    }
}
