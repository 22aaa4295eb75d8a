package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.DomainName;
import dev.agentcontainers.protocol.names.NameServer;
import dev.agentcontainers.protocol.names.ProxyMessage.Open;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides what of a request of the egress proxy is opened. The boundary: nothing that the proxy says is taken for true, so
 * the worst request opens a public address at the ports of a name rule of that very agent's group. What is opened for rules with tls or
 * http is intercepted: of the agent's own packets nothing passes there but what the proxy lets pass, and the proxy itself goes to no
 * other place for an agent that asks it.
 */
final class OpeningCheck {
    /** Elements that one request makes at most. */
    static final int MOST_DESTINATIONS = 1024;

    private OpeningCheck() {}

    sealed interface Result {
        /**
         * @param destinations what is to be opened; may be empty
         * @param addresses what the agent may be told: those, and such that a rule with addresses lets it reach already
         */
        record Granted(List<ResolvedDestination> destinations, List<String> addresses) implements Result {
            public Granted {
                destinations = List.copyOf(destinations);
                addresses = List.copyOf(addresses);
            }

            /**
             * By address, the ports at which the proxy itself may connect to it for the agent: those where the agent's own connections are
             * handed over, and those where they would be without a rule with addresses that counts nothing. Never where a budget is
             * charged, nor an address that is closed to names.
             *
             * @param group of the agent
             */
            Map<String, List<Integer>> intercepted(NamedGroup group) {
                return destinations.stream()
                        .filter(ResolvedDestination::intercepted)
                        .filter(to -> !group.charges(Cidr.parse(to.address()), new Port(to.protocol(), to.port())))
                        .collect(Collectors.groupingBy(
                                ResolvedDestination::address,
                                LinkedHashMap::new,
                                Collectors.mapping(ResolvedDestination::port, Collectors.toList())));
            }
        }

        record Refused(String reason) implements Result {}
    }

    /** @param group the group of the agent that the request names */
    static Result check(Open request, NamedGroup group, ClosedToNames closed) {
        if (request.seconds() < 1 || request.seconds() > NameServer.LONGEST_OPENING) {
            return new Result.Refused(
                    "%d seconds, must be 1 to %d".formatted(request.seconds(), NameServer.LONGEST_OPENING));
        }
        if (request.addresses().size() > NameServer.MOST_ADDRESSES) {
            return new Result.Refused("%d addresses, at most %d are opened"
                    .formatted(request.addresses().size(), NameServer.MOST_ADDRESSES));
        }
        Optional<String> name = DomainName.asked(request.name());
        Ports ports = new Ports(
                name.map(group::ports).orElse(Set.of()),
                name.map(group::budgetedPorts).orElse(Map.of()),
                name.map(group::interceptedPorts).orElse(Set.of()));
        if (ports.isEmpty()) {
            return new Result.Refused("no rule of the agent's group allows that name");
        }
        List<Cidr> addresses = new ArrayList<>();
        for (String text : request.addresses()) {
            Optional<Cidr> address = address(text);
            if (address.isEmpty()) {
                return new Result.Refused("an address is none in plain notation");
            }
            addresses.add(address.get());
        }
        return grant(addresses, ports, group, closed, Duration.ofSeconds(request.seconds()));
    }

    /**
     * Where a name leads, where it does within budgets, and where with some protocol alone; none is in two of them.
     *
     * @param budgeted with the domain of the ruleset that it is charged as
     */
    private record Ports(Set<Port> plain, Map<Port, String> budgeted, Set<Port> intercepted) {
        boolean isEmpty() {
            return plain.isEmpty() && budgeted.isEmpty() && intercepted.isEmpty();
        }

        int count() {
            return plain.size() + budgeted.size() + intercepted.size();
        }

        Set<Port> all() {
            Set<Port> all = new HashSet<>(plain);
            all.addAll(budgeted.keySet());
            all.addAll(intercepted);
            return all;
        }

        List<ResolvedDestination> at(Cidr address, Duration timeToLive) {
            return Stream.of(
                            plain.stream().map(port -> destination(address, port, timeToLive, false)),
                            budgeted.entrySet().stream().map(each -> charged(address, each, timeToLive)),
                            intercepted.stream().map(port -> destination(address, port, timeToLive, true)))
                    .flatMap(each -> each)
                    .toList();
        }

        private static ResolvedDestination charged(Cidr address, Map.Entry<Port, String> port, Duration timeToLive) {
            return new ResolvedDestination(
                    address.address(),
                    port.getKey().protocol(),
                    port.getKey().number(),
                    timeToLive,
                    false,
                    Optional.of(port.getValue()));
        }

        private static ResolvedDestination destination(
                Cidr address, Port port, Duration timeToLive, boolean intercepted) {
            return new ResolvedDestination(address.address(), port.protocol(), port.number(), timeToLive, intercepted);
        }
    }

    private static Result grant(
            List<Cidr> addresses, Ports ports, NamedGroup group, ClosedToNames closed, Duration timeToLive) {
        List<ResolvedDestination> destinations = new ArrayList<>();
        List<String> told = new ArrayList<>();
        for (Cidr address : addresses) {
            if (!closed.contains(address)) {
                if (destinations.size() + ports.count() <= MOST_DESTINATIONS) {
                    destinations.addAll(ports.at(address, timeToLive));
                    told.add(address.address());
                }
            } else if (group.reaches(address, ports.all())) {
                told.add(address.address());
            }
        }
        return new Result.Granted(destinations, told);
    }

    /** Only what is an address to every reader. */
    private static Optional<Cidr> address(String text) {
        try {
            Cidr cidr = Cidr.parse(text);
            return text.contains("/") ? Optional.empty() : Optional.of(cidr);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
