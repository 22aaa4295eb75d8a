package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowingRule;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds what of a group's ruleset allows a flow. What can't be read allows nothing here; the kernel's word counts. */
final class GroupRules {
    private final GroupRuleset ruleset;
    private final List<Box> egress = new ArrayList<>();
    private final List<Box> ingress = new ArrayList<>();
    private final List<Source> sources = new ArrayList<>();
    private boolean read;

    private record Box(Cidr addresses, Allow allow) {
        boolean holds(Cidr address, int protocol, int port) {
            return number(allow.protocol()) == protocol
                    && allow.port() <= port
                    && port <= allow.endPort()
                    && addresses.contains(address);
        }
    }

    /** A rule of a policy. */
    private record Source(AllowingRule rule, List<Box> boxes) {
        boolean allows(Cidr address, Optional<String> domain, int protocol, int port) {
            return boxes.stream().anyMatch(box -> box.holds(address, protocol, port))
                    || domain.isPresent() && allows(domain.get(), name -> isIn(name, protocol, port));
        }

        boolean allows(String domain, Predicate<AllowedName> which) {
            return orEmpty(rule.names()).stream().anyMatch(name -> which.test(name) && matches(name, domain));
        }
    }

    /**
     * The rules of policies that allow something.
     *
     * @param first for which it counts; empty where none is known
     * @param recorded false where each of them has it counted only
     */
    record Allowing(Optional<String> first, boolean recorded) {
        private static Allowing of(List<AllowingRule> rules) {
            return new Allowing(
                    rules.stream().map(AllowingRule::rule).findFirst(),
                    rules.isEmpty() || rules.stream().anyMatch(rule -> !Boolean.TRUE.equals(rule.unrecorded())));
        }
    }

    GroupRules(GroupRuleset ruleset) {
        this.ruleset = ruleset;
    }

    String hash() {
        return ruleset.hash();
    }

    List<String> sources() {
        return ruleset.sources();
    }

    /** Towards a destination. */
    Optional<String> egress(String address, int protocol, int port) {
        return find("egress", boxes(egress), address, protocol, port);
    }

    /** From a source to a port of the agent. */
    Optional<String> ingress(String address, int protocol, int port) {
        return find("ingress", boxes(ingress), address, protocol, port);
    }

    /**
     * The rules of policies that allow a flow towards a destination, among which may be some that others took it from.
     *
     * @param domain the name by which the agent got the address
     */
    Allowing allowing(String address, Optional<String> domain, int protocol, int port) {
        Cidr destination;
        try {
            destination = Cidr.parse(address);
        } catch (IllegalArgumentException e) {
            return Allowing.of(List.of());
        }
        return Allowing.of(sourcesOfEgress().stream()
                .filter(source -> source.allows(destination, domain, protocol, port))
                .map(Source::rule)
                .toList());
    }

    /** The rules of policies that let the name be resolved. */
    Allowing allowing(String domain) {
        return Allowing.of(sourcesOfEgress().stream()
                .filter(source -> source.allows(domain, _ -> true))
                .map(Source::rule)
                .toList());
    }

    private List<Source> sourcesOfEgress() {
        boxes(egress);
        return sources;
    }

    /** A rule that lets the name be resolved, with that port. */
    Optional<String> name(String domain, int protocol, int port) {
        return Stream.of(ruleset.names(), ruleset.budgetedNames(), ruleset.interceptedNames())
                .flatMap(List::stream)
                .filter(each -> isIn(each, protocol, port) && matches(each, domain))
                .map(each ->
                        "egress %s %s".formatted(each.domain(), ports(each.protocol(), each.port(), each.endPort())))
                .findFirst();
    }

    private static boolean isIn(AllowedName name, int protocol, int port) {
        return number(name.protocol()) == protocol && name.port() <= port && port <= name.endPort();
    }

    private static boolean matches(AllowedName rule, String domain) {
        try {
            return DomainName.parse(rule.domain()).matches(domain);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Read when it is needed first: most rulesets change before anybody asks. */
    private synchronized List<Box> boxes(List<Box> which) {
        if (!read) {
            read = true;
            ruleset.allEgress().forEach(allow -> add(egress, allow));
            ruleset.ingress().forEach(allow -> add(ingress, allow));
            for (AllowingRule rule : ruleset.rules()) {
                List<Box> boxes = new ArrayList<>();
                orEmpty(rule.egress()).forEach(allow -> add(boxes, allow));
                sources.add(new Source(rule, List.copyOf(boxes)));
            }
        }
        return which;
    }

    private static void add(List<Box> boxes, Allow allow) {
        try {
            boxes.add(new Box(Cidr.parse(allow.cidr()), allow));
        } catch (IllegalArgumentException e) {
            // Then it did not get into the kernel either.
        }
    }

    private static Optional<String> find(String what, List<Box> boxes, String text, int protocol, int port) {
        Cidr address;
        try {
            address = Cidr.parse(text);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return boxes.stream()
                .filter(box -> box.holds(address, protocol, port))
                .map(box -> "%s %s %s"
                        .formatted(
                                what,
                                box.allow.cidr(),
                                ports(box.allow.protocol(), box.allow.port(), box.allow.endPort())))
                .findFirst();
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    private static String ports(Protocol protocol, int port, int endPort) {
        return protocol + " " + (port == endPort ? Integer.toString(port) : port + "-" + endPort);
    }

    private static int number(Protocol protocol) {
        return switch (protocol) {
            case TCP -> 6;
            case UDP -> 17;
            case SCTP -> 132;
        };
    }
}
