package dev.agentcontainers.nodeagent.audit;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.AllowedName;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.policy.box.Cidr;
import dev.agentcontainers.policy.rule.DomainName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds what of a group's ruleset allows a flow. What can't be read allows nothing here; the kernel's word counts. */
final class GroupRules {
    private final GroupRuleset ruleset;
    private final List<Box> egress = new ArrayList<>();
    private final List<Box> ingress = new ArrayList<>();
    private boolean read;

    private record Box(Cidr addresses, Allow allow) {}

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
                .filter(box -> number(box.allow.protocol()) == protocol
                        && box.allow.port() <= port
                        && port <= box.allow.endPort()
                        && box.addresses.contains(address))
                .map(box -> "%s %s %s"
                        .formatted(
                                what,
                                box.allow.cidr(),
                                ports(box.allow.protocol(), box.allow.port(), box.allow.endPort())))
                .findFirst();
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
