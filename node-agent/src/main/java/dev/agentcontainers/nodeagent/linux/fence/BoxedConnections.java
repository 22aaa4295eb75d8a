package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.nodeagent.fence.GroupRuleset;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;
import dev.agentcontainers.nodeagent.linux.netlink.TrackedConnections.Begun;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which connections of agents no box of their groups holds. Those that a name let pass are known by their marks, and no business
 * of this, unless it is of a rule with a budget, whose mark stays when it loses a port. The rules look at what agents send, and at what they send each other both ways; what comes from elsewhere as an answer
 * passes for as long as the kernel remembers the connection, so that it must forget those that nothing allows any more. Not
 * thread-safe.
 */
final class BoxedConnections {
    private final Map<Ipv4, String> groups;
    private final Map<String, GroupRuleset> rulesets;
    private final Map<String, List<Box>> egress = new HashMap<>();
    private final Map<String, List<Box>> ingress = new HashMap<>();
    private final Map<String, GroupBudgets> budgets = new HashMap<>();

    private record Box(Ipv4Network addresses, int protocol, int port, int endPort) {
        static Box of(Allow allow) {
            return new Box(
                    Ipv4Network.parse(allow.cidr()),
                    Byte.toUnsignedInt(AllowedBox.number(allow.protocol())),
                    allow.port(),
                    allow.endPort());
        }

        boolean has(Ipv4 address, Begun connection) {
            return protocol == connection.protocol()
                    && port <= connection.port()
                    && connection.port() <= endPort
                    && addresses.contains(address);
        }
    }

    /**
     * @param groups that the agents with these addresses are bound to
     * @param rulesets of all groups; one that is not among them allows nothing
     */
    BoxedConnections(Map<Ipv4, String> groups, Collection<GroupRuleset> rulesets) {
        this.groups = Map.copyOf(groups);
        this.rulesets =
                rulesets.stream().collect(Collectors.toMap(GroupRuleset::name, Function.identity(), (one, _) -> one));
    }

    /** Whether the one may have let connections pass that the other would not: a group has lost a box, or has gone. */
    static boolean lost(Collection<GroupRuleset> before, Collection<GroupRuleset> after) {
        Map<String, GroupRuleset> now =
                after.stream().collect(Collectors.toMap(GroupRuleset::name, Function.identity(), (one, _) -> one));
        return before.stream().anyMatch(former -> {
            GroupRuleset its = now.get(former.name());
            return its == null
                    ? !(former.allEgress().isEmpty()
                            && former.ingress().isEmpty()
                            && former.budgetedNames().isEmpty())
                    : lost(former.allEgress(), its.allEgress())
                            || lost(former.ingress(), its.ingress())
                            || lost(former.budgetedNames(), its.budgetedNames());
        });
    }

    private static <T> boolean lost(List<T> before, List<T> after) {
        if (before.equals(after)) {
            return false;
        }
        Set<T> now = new HashSet<>(after);
        return !now.containsAll(before);
    }

    /** Whether it is one of an agent, begun by it or to it, that its group does not let pass. */
    boolean lack(Begun connection) {
        if (ConnectionMark.isOfName(connection.mark())
                || connection.destination().equals(AddressPlan.NEXT_HOP)
                // A probe, which no group has to let pass.
                || connection.source().equals(AddressPlan.NEXT_HOP)) {
            return false;
        }
        String sender = groups.get(connection.source());
        String receiver = groups.get(connection.destination());
        return (sender != null && !lets(sender, connection))
                || (receiver != null && !has(ingress(receiver), connection.source(), connection));
    }

    private boolean lets(String sender, Begun connection) {
        GroupBudgets its = budgets(sender);
        return its.nameMarks().containsValue(connection.mark())
                ? its.ports().stream().anyMatch(port -> isOf(port, connection))
                : has(egress(sender), connection.destination(), connection);
    }

    private static boolean isOf(MarkedPort port, Begun connection) {
        return port.mark() == connection.mark()
                && port.port().port() == connection.port()
                && Byte.toUnsignedInt(AllowedBox.number(port.port().protocol())) == connection.protocol();
    }

    private GroupBudgets budgets(String group) {
        return budgets.computeIfAbsent(group, name -> {
            GroupRuleset ruleset = rulesets.get(name);
            return ruleset == null ? GroupBudgets.NONE : GroupBudgets.of(ruleset);
        });
    }

    private static boolean has(List<Box> boxes, Ipv4 address, Begun connection) {
        return boxes.stream().anyMatch(box -> box.has(address, connection));
    }

    private List<Box> egress(String group) {
        return egress.computeIfAbsent(group, name -> boxes(name, GroupRuleset::allEgress));
    }

    private List<Box> ingress(String group) {
        return ingress.computeIfAbsent(group, name -> boxes(name, GroupRuleset::ingress));
    }

    private List<Box> boxes(String group, Function<GroupRuleset, List<Allow>> which) {
        GroupRuleset ruleset = rulesets.get(group);
        return ruleset == null
                ? List.of()
                : which.apply(ruleset).stream()
                        .filter(allow -> !allow.cidr().contains(":"))
                        .map(Box::of)
                        .toList();
    }
}
