package dev.agentcontainers.egressproxy.resolved;

import dev.agentcontainers.policy.rule.DomainName;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The rules of one kind that each group has about names at ports, and the addresses to which each agent has resolved such names. A
 * port of which a rule is taken back is of a new generation then, as its connections have another mark in the kernel: both end all
 * that passed by the former rules. Not thread-safe.
 *
 * @param <D> what a rule says besides; equal where it says the same
 */
public final class ResolvedRules<D> {
    private final LongSupplier nanoTime;
    private final Map<String, Group<D>> groups = new HashMap<>();
    private final Map<String, Agent> agents = new HashMap<>();
    private List<String> closedRanges = List.of();
    private ClosedAddresses closed = ClosedAddresses.NONE;
    private long lastGeneration;

    public ResolvedRules(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** A name, its ports, and what the rule says of them. */
    public record Rule<D>(DomainName domain, int port, int endPort, D detail) {
        boolean has(int number) {
            return port <= number && number <= endPort;
        }
    }

    private record RuleAtPort<D>(DomainName domain, D detail, int port) {}

    private record Group<D>(List<Rule<D>> rules, Map<Integer, Long> generations) {
        Set<RuleAtPort<D>> atPorts() {
            Set<RuleAtPort<D>> all = new HashSet<>();
            for (Rule<D> rule : rules) {
                for (int port = rule.port(); port <= rule.endPort(); port++) {
                    all.add(new RuleAtPort<>(rule.domain(), rule.detail(), port));
                }
            }
            return all;
        }
    }

    private record Agent(String group, ResolvedPlaces places) {}

    /**
     * What is there for an agent at a port.
     *
     * @param rules those about the port
     * @param permit by which a connection passes that a rule allows; empty where there is none about the port
     * @param places to which the agent has resolved names
     */
    public record AtPort<D>(List<Rule<D>> rules, Optional<Permit> permit, ResolvedPlaces places) {}

    /**
     * Replaces who may do what. What agents have resolved stays, but for those that are of another group now.
     *
     * @param rulesOfGroups of all groups that there are
     * @param groupsOfAgents by the agents' addresses
     * @param nowClosed ranges to which no name leads
     */
    public void configure(
            Map<String, List<Rule<D>>> rulesOfGroups, Map<String, String> groupsOfAgents, List<String> nowClosed) {
        groups.keySet().retainAll(rulesOfGroups.keySet());
        rulesOfGroups.forEach((name, rules) -> groups.put(name, group(name, rules)));
        agents.entrySet().removeIf(agent -> !agent.getValue().group().equals(groupsOfAgents.get(agent.getKey())));
        groupsOfAgents.forEach(
                (address, group) -> agents.computeIfAbsent(address, _ -> new Agent(group, new ResolvedPlaces())));
        if (!nowClosed.equals(closedRanges)) {
            closedRanges = List.copyOf(nowClosed);
            closed = ClosedAddresses.of(nowClosed);
            // What is added later is looked at then.
            agents.values().forEach(agent -> agent.places().forget(closed::contains));
        }
    }

    private Group<D> group(String name, List<Rule<D>> rules) {
        Group<D> before = groups.getOrDefault(name, new Group<>(List.of(), Map.of()));
        Set<RuleAtPort<D>> now = new Group<>(rules, Map.<Integer, Long>of()).atPorts();
        return new Group<>(
                List.copyOf(rules),
                PortGenerations.next(before.atPorts(), before.generations(), now, RuleAtPort::port, ++lastGeneration));
    }

    /** Remembers that the agent may reach these addresses for that name for a while. */
    public void resolved(String address, String name, List<String> addresses, int seconds) {
        Agent agent = agents.get(address);
        Group<D> group = agent == null ? null : groups.get(agent.group());
        if (agent != null
                && group != null
                && group.rules().stream().anyMatch(rule -> rule.domain().matches(name))) {
            List<String> open =
                    addresses.stream().filter(each -> !closed.contains(each)).toList();
            agent.places().add(name, open, seconds, nanoTime.getAsLong());
        }
    }

    /** Empty where nobody knows the agent. */
    public Optional<AtPort<D>> at(String address, int port) {
        Agent agent = agents.get(address);
        Group<D> group = agent == null ? null : groups.get(agent.group());
        if (agent == null || group == null) {
            return Optional.empty();
        }
        Long generation = group.generations().get(port);
        return Optional.of(new AtPort<>(
                group.rules().stream().filter(rule -> rule.has(port)).toList(),
                Optional.ofNullable(generation).map(its -> new Permit(agent.group(), port, its)),
                agent.places()));
    }

    /** Whether there is a rule for the agent about that name at that port. */
    public boolean isAbout(String address, String name, int port) {
        return at(address, port).stream()
                .flatMap(there -> there.rules().stream())
                .anyMatch(rule -> rule.domain().matches(name));
    }

    /**
     * Whether what the agent's connection or request rests on is still there.
     *
     * @param to address that it goes to
     */
    public boolean holds(String address, String to, Permit permit) {
        return !isClosed(to) && isThere(address, permit);
    }

    /** Whether nobody gets to that address, whatever names lead there. */
    public boolean isClosed(String to) {
        return closed.contains(to);
    }

    private boolean isThere(String address, Permit permit) {
        return at(address, permit.port()).flatMap(AtPort::permit).equals(Optional.of(permit));
    }
}
