package dev.agentcontainers.egressproxy.tls;

import dev.agentcontainers.egressproxy.resolved.PortGenerations;
import dev.agentcontainers.egressproxy.resolved.ResolvedPlaces;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.TlsVerdict;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Which names each agent may reach by TLS, at which ports, and to which addresses it has resolved them. A port of which a name is
 * taken back is of a new generation then, as its connections have another mark in the kernel: both end all that passed by the
 * former names. Thread-safe.
 */
public final class TlsNames implements RememberedOpenings.Listener {
    private static final Logger LOG = System.getLogger(TlsNames.class.getName());
    private final LongSupplier nanoTime;
    private final Map<String, Group> groups = new HashMap<>();
    private final Map<String, Agent> agents = new HashMap<>();
    private long lastGeneration;

    public TlsNames(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    private record Rule(DomainName domain, int port, int endPort) {
        boolean has(int number) {
            return port <= number && number <= endPort;
        }
    }

    private record NameAtPort(DomainName domain, int port) {}

    private record Group(List<Rule> rules, Map<Integer, Long> generations) {
        boolean allows(String name, int port) {
            return rules.stream()
                    .anyMatch(rule -> rule.has(port) && rule.domain().matches(name));
        }

        boolean allows(String name) {
            return rules.stream().anyMatch(rule -> rule.domain().matches(name));
        }

        Set<NameAtPort> names() {
            Set<NameAtPort> names = new HashSet<>();
            for (Rule rule : rules) {
                for (int port = rule.port(); port <= rule.endPort(); port++) {
                    names.add(new NameAtPort(rule.domain(), port));
                }
            }
            return names;
        }
    }

    private record Agent(String group, ResolvedPlaces places) {}

    /** What becomes of a connection. */
    public sealed interface Result {
        record Permitted(Permit permit) implements Result {}

        record Refused(TlsVerdict why) implements Result {}
    }

    /** Replaces who may reach what. What agents have resolved stays, but for those that are of another group now. */
    public synchronized void configure(Configure configuration) {
        groups.keySet().retainAll(configuration.groups().keySet());
        configuration
                .groups()
                .keySet()
                .forEach(group ->
                        groups.put(group, group(group, configuration.tlsNames().getOrDefault(group, List.of()))));
        agents.entrySet()
                .removeIf(agent ->
                        !agent.getValue().group().equals(configuration.agents().get(agent.getKey())));
        configuration
                .agents()
                .forEach((address, group) ->
                        agents.computeIfAbsent(address, _ -> new Agent(group, new ResolvedPlaces())));
    }

    private Group group(String name, List<TlsName> names) {
        List<Rule> rules = rules(name, names);
        Group before = groups.getOrDefault(name, new Group(List.of(), Map.of()));
        Set<NameAtPort> now = new Group(rules, Map.of()).names();
        return new Group(
                rules,
                PortGenerations.next(before.names(), before.generations(), now, NameAtPort::port, ++lastGeneration));
    }

    private static List<Rule> rules(String group, List<TlsName> names) {
        List<Rule> rules = new ArrayList<>();
        for (TlsName name : names) {
            try {
                rules.add(new Rule(DomainName.parse(name.domain()), name.port(), name.endPort()));
            } catch (IllegalArgumentException e) {
                LOG.log(Level.ERROR, "group {0} may not reach a name by TLS: {1}", group, e.getMessage());
            }
        }
        return List.copyOf(rules);
    }

    /** Remembers that the agent may reach these addresses for that name for a while. */
    @Override
    public synchronized void resolved(String address, String name, List<String> addresses, int seconds) {
        Agent agent = agents.get(address);
        Group group = agent == null ? null : groups.get(agent.group());
        if (agent != null && group != null && group.allows(name)) {
            agent.places().add(name, addresses, seconds, nanoTime.getAsLong());
        }
    }

    /**
     * Whether a connection may pass.
     *
     * @param from address of the agent
     * @param to address that it connects to
     * @param serverName as the connection has it
     */
    public synchronized Result connects(String from, String to, int port, String serverName) {
        Agent agent = agents.get(from);
        Group group = agent == null ? null : groups.get(agent.group());
        if (agent == null || group == null) {
            return new Result.Refused(TlsVerdict.UNKNOWN_AGENT);
        }
        Optional<String> name = DomainName.asked(serverName);
        Long generation = group.generations().get(port);
        if (name.isEmpty() || generation == null || !group.allows(name.get(), port)) {
            return new Result.Refused(TlsVerdict.OTHER_NAME);
        }
        return agent.places().has(name.get(), to, nanoTime.getAsLong())
                ? new Result.Permitted(new Permit(agent.group(), port, generation))
                : new Result.Refused(TlsVerdict.OTHER_NAME);
    }

    /** Whether what the agent's connection rests on is still there. */
    public synchronized boolean holds(String from, Permit permit) {
        Agent agent = agents.get(from);
        Group group = groups.get(permit.group());
        return agent != null
                && group != null
                && agent.group().equals(permit.group())
                && Long.valueOf(permit.generation()).equals(group.generations().get(permit.port()));
    }
}
