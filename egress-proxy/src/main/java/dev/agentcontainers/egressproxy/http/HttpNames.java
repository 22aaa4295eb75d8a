package dev.agentcontainers.egressproxy.http;

import dev.agentcontainers.egressproxy.resolved.PortGenerations;
import dev.agentcontainers.egressproxy.resolved.ResolvedPlaces;
import dev.agentcontainers.egressproxy.tls.Permit;
import dev.agentcontainers.egressproxy.tls.RememberedOpenings;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Which requests each agent may send to which names, and to which addresses it has resolved them. A port of which a rule is taken back,
 * or made other, is of a new generation then, which ends all that passed by the former rules. Thread-safe.
 */
public final class HttpNames implements RememberedOpenings.Listener {
    private static final Logger LOG = System.getLogger(HttpNames.class.getName());

    private final LongSupplier nanoTime;
    private final Map<String, Group> groups = new HashMap<>();
    private final Map<String, Agent> agents = new HashMap<>();
    private long lastGeneration;

    public HttpNames(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    private record Rule(DomainName domain, int port, int endPort, RequestRule requests) {
        boolean has(int number) {
            return port <= number && number <= endPort;
        }
    }

    private record RuleAtPort(DomainName domain, RequestRule requests, int port) {}

    private record Group(List<Rule> rules, Map<Integer, Long> generations) {
        boolean allows(String name) {
            return rules.stream().anyMatch(rule -> rule.domain().matches(name));
        }

        Set<RuleAtPort> atPorts() {
            Set<RuleAtPort> all = new HashSet<>();
            for (Rule rule : rules) {
                for (int port = rule.port(); port <= rule.endPort(); port++) {
                    all.add(new RuleAtPort(rule.domain(), rule.requests(), port));
                }
            }
            return all;
        }
    }

    private record Agent(String group, ResolvedPlaces places) {}

    /** What becomes of a request. */
    public sealed interface Result {
        record Permitted(Permit permit) implements Result {}

        record Refused(HttpVerdict why) implements Result {}
    }

    /** Replaces who may send what. What agents have resolved stays, but for those that are of another group now. */
    public synchronized void configure(Configure configuration) {
        groups.keySet().retainAll(configuration.groups().keySet());
        configuration
                .groups()
                .keySet()
                .forEach(group ->
                        groups.put(group, group(group, configuration.httpNames().getOrDefault(group, List.of()))));
        agents.entrySet()
                .removeIf(agent ->
                        !agent.getValue().group().equals(configuration.agents().get(agent.getKey())));
        configuration
                .agents()
                .forEach((address, group) ->
                        agents.computeIfAbsent(address, _ -> new Agent(group, new ResolvedPlaces())));
    }

    private Group group(String name, List<HttpName> names) {
        List<Rule> rules = rules(name, names);
        Group before = groups.getOrDefault(name, new Group(List.of(), Map.of()));
        Set<RuleAtPort> now = new Group(rules, Map.of()).atPorts();
        return new Group(
                rules,
                PortGenerations.next(before.atPorts(), before.generations(), now, RuleAtPort::port, ++lastGeneration));
    }

    private static List<Rule> rules(String group, List<HttpName> names) {
        List<Rule> rules = new ArrayList<>();
        for (HttpName name : names) {
            try {
                rules.add(new Rule(
                        DomainName.parse(name.domain()),
                        name.port(),
                        name.endPort(),
                        new RequestRule(name.methods(), name.paths(), name.hosts())));
            } catch (IllegalArgumentException e) {
                LOG.log(Level.ERROR, "group {0} may not send requests to a name: {1}", group, e.getMessage());
            }
        }
        return List.copyOf(rules);
    }

    @Override
    public synchronized void resolved(String address, String name, List<String> addresses, int seconds) {
        Agent agent = agents.get(address);
        Group group = agent == null ? null : groups.get(agent.group());
        if (agent != null && group != null && group.allows(name)) {
            agent.places().add(name, addresses, seconds, nanoTime.getAsLong());
        }
    }

    /** Whether the agent has rules about requests at the port. */
    public synchronized boolean has(String from, int port) {
        Agent agent = agents.get(from);
        Group group = agent == null ? null : groups.get(agent.group());
        return group != null && group.generations().containsKey(port);
    }

    /**
     * Whether a request may pass.
     *
     * @param from address of the agent
     * @param to address that it is connected to
     */
    public synchronized Result sends(String from, String to, int port, HttpRequest request) {
        Agent agent = agents.get(from);
        Group group = agent == null ? null : groups.get(agent.group());
        if (agent == null || group == null) {
            return new Result.Refused(HttpVerdict.UNKNOWN_AGENT);
        }
        Long generation = group.generations().get(port);
        Set<String> names = agent.places().namesOf(to, nanoTime.getAsLong());
        boolean hostIsKnown = false;
        for (Rule rule : group.rules()) {
            for (String name : names) {
                if (generation != null && rule.has(port) && rule.domain().matches(name)) {
                    if (rule.requests().allows(request, name)) {
                        return new Result.Permitted(new Permit(agent.group(), port, generation));
                    }
                    hostIsKnown |= rule.requests().allowsHost(request.host(), name);
                }
            }
        }
        return new Result.Refused(hostIsKnown ? HttpVerdict.NO_RULE : HttpVerdict.OTHER_HOST);
    }

    /** Whether what the agent's request rests on is still there. */
    public synchronized boolean holds(String from, Permit permit) {
        Agent agent = agents.get(from);
        Group group = groups.get(permit.group());
        return agent != null
                && group != null
                && agent.group().equals(permit.group())
                && Long.valueOf(permit.generation()).equals(group.generations().get(permit.port()));
    }
}
