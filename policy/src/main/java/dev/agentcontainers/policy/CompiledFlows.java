package dev.agentcontainers.policy;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.policy.box.Boxes;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.box.FlowSet;
import dev.agentcontainers.policy.rule.Direction;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What nodes make of a ruleset, asked flow by flow. It can be less than {@link Evaluator} says: the compiler refuses what is too
 * large, and leaves out names behind rules that close public addresses. Immutable.
 */
public final class CompiledFlows {
    private final FlowSet egress;
    private final FlowSet ingress;
    private final List<Name> names;

    private record Name(DomainName domain, AllowedName allowed) {}

    public CompiledFlows(CompiledPolicy policy) {
        egress = Boxes.flows(policy.allEgress());
        ingress = Boxes.flows(policy.ingress());
        Stream<AllowedName> byRequests = Stream.concat(policy.allHttpNames().stream(), policy.allHttpsNames().stream())
                .map(http -> new AllowedName(http.domain(), Protocol.TCP, http.port(), http.endPort()));
        names = Stream.of(policy.allNames().stream(), policy.allTlsNames().stream(), byRequests)
                .flatMap(each -> each)
                .map(allowed -> new Name(DomainName.parse(allowed.domain()), allowed))
                .toList();
    }

    /**
     * Whether a rule about addresses lets flows to, or from, that address pass.
     *
     * @param port of the receiver
     */
    public boolean reaches(Direction direction, Cidr peer, Protocol protocol, int port) {
        return switch (direction) {
            case EGRESS -> egress.holds(protocol, peer, port);
            case INGRESS -> ingress.holds(protocol, peer, port);
        };
    }

    /** Whether a name opens that port at an address that it resolves to; perhaps to nothing but TLS, or some requests of HTTP. */
    public boolean opens(String name, Cidr address, Protocol protocol, int port) {
        return RuleNames.mayOpen(address)
                && names.stream()
                        .anyMatch(each -> each.allowed().protocol() == protocol
                                && each.allowed().port() <= port
                                && port <= each.allowed().endPort()
                                && each.domain().matches(name));
    }

    /**
     * What lets the name be asked for; the most exact where there are several.
     *
     * @param name as {@link DomainName#asked} gives it
     */
    public Optional<AllowedName> resolves(String name) {
        Optional<Name> exact = names.stream()
                .filter(each -> !each.domain().wildcard() && each.domain().matches(name))
                .findFirst();
        return exact.or(() -> names.stream()
                        .filter(each -> each.domain().matches(name))
                        .findFirst())
                .map(Name::allowed);
    }

    /** Whether nodes open that address for names that lead to it; some nodes close more. */
    public static boolean isOpenToNames(Cidr address) {
        return RuleNames.mayOpen(address);
    }
}
