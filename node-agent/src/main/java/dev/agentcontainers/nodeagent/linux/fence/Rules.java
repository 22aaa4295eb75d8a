package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The rulesets as nftables commands. Pure text.
 *
 * <p>A set that packets are checked against is never changed: a new one is filled first, the rules move to it in one
 * transaction, the old one is removed last. (Kernels before 6.17 can miss every element of a set for an instant when one
 * transaction empties and refills it.)
 */
final class Rules {
    private static final String ADD_RULE = "add rule inet " + Names.TABLE + " ";

    /** Names of the chains that {@link #base} makes. */
    static final List<String> BASE_CHAINS = List.of(
            "refuse", "answer", "from_uplink", "from_agent", "prerouting", "input", "forward", "output", "postrouting");

    private Rules() {}

    /** The table itself, and the set of addresses that are never allowed, not yet in use. */
    static String tableWithNeverAllowed(String set, NeverAllowed never) {
        String elements = never.ranges().stream()
                .map(range -> range.first() + "-" + range.last())
                .collect(Collectors.joining(", "));
        return """
                add table inet %1$s
                add set inet %1$s %2$s { type ipv4_addr; flags interval; elements = { %3$s }; }
                """.formatted(Names.TABLE, set, elements);
    }

    /**
     * All that does not depend on agents and groups. Replaces what an earlier process, perhaps of another version, left;
     * keeps agents' elements and groups' chains.
     */
    static String base(AddressPlan plan, String neverSet) {
        return """
                add set inet agentfence sources { type ifname . ipv4_addr; }
                add map inet agentfence agents { type ifname : verdict; }
                add set inet agentfence denied { type ifname; counter limit rate 50/second burst 50 packets; }
                add chain inet agentfence refuse
                add chain inet agentfence answer
                add chain inet agentfence from_uplink
                add chain inet agentfence from_agent
                add chain inet agentfence prerouting { type filter hook prerouting priority -150; policy drop; }
                add chain inet agentfence input { type filter hook input priority 0; policy drop; }
                add chain inet agentfence forward { type filter hook forward priority 0; policy drop; }
                add chain inet agentfence output { type filter hook output priority 0; policy drop; }
                add chain inet agentfence postrouting { type nat hook postrouting priority 100; policy accept; }
                """ + refusing() + fromUplink() + fromAgent(plan, neverSet) + hooks(plan);
    }

    /**
     * Counts at the agent, answers at once as long as there are not too many, so that programs fail quickly, and drops.
     * The elements of the set count, and they match until their limit is reached.
     */
    private static String refusing() {
        return chain("refuse", "iifname @denied goto answer", "drop")
                + chain(
                        "answer",
                        "meta l4proto tcp ct state established reject with tcp reset",
                        "reject with icmpx admin-prohibited");
    }

    private static String fromUplink() {
        return chain(
                "from_uplink",
                "ct state established ct direction reply accept",
                "ct state related ct direction reply"
                        + " icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
                "drop");
    }

    /** Every packet of an agent passes here, also of connections that were allowed when they began. */
    private static String fromAgent(AddressPlan plan, String neverSet) {
        return chain(
                "from_agent",
                // The kernel does not translate the source of invalid packets.
                "ct state invalid goto refuse",
                "ip daddr @" + neverSet + " goto refuse",
                "ip daddr " + plan.agents() + " goto refuse",
                "fib daddr type != unicast goto refuse",
                // Fragments are put together before they come here; what is one still can't be judged.
                "ip frag-off & 0x3fff != 0 goto refuse",
                "ip hdrlength > 5 goto refuse",
                "meta l4proto != { tcp, udp, sctp } goto refuse",
                "iifname vmap @agents",
                "goto refuse");
    }

    private static String hooks(AddressPlan plan) {
        // Packets with a false source are counted and not answered. In prerouting, because packets without a route or
        // to
        // the fence itself never come to forward.
        return chain(
                        "prerouting",
                        "iifname \"uplink\" goto from_uplink",
                        "iifname . ip saddr @sources goto from_agent",
                        "iifname @denied drop")
                + chain("input")
                + chain(
                        "forward",
                        "iifname \"ac*\" oifname \"uplink\" accept",
                        "iifname \"uplink\" oifname \"ac*\" ct direction reply accept")
                // Only the refusals themselves.
                + chain(
                        "output",
                        "oifname \"ac*\" icmp type destination-unreachable icmp code admin-prohibited accept",
                        "oifname \"ac*\" tcp flags & rst == rst accept")
                + chain(
                        "postrouting",
                        "oifname \"uplink\" ip saddr " + plan.agents() + " ip daddr != " + plan.fleet() + " snat ip to "
                                + plan.uplink());
    }

    /** A group's set, filled and not yet in use. */
    static String groupSet(String set, boolean ipv6, List<Allow> egress) {
        String elements = egress.isEmpty() ? "" : "elements = { " + elements(egress) + " }; ";
        return "add set inet %s %s { type %s . inet_proto . inet_service; flags interval; %s}\n"
                .formatted(Names.TABLE, set, ipv6 ? "ipv6_addr" : "ipv4_addr", elements);
    }

    /** Binds a group's chain to its sets; without sets it refuses everything. */
    static String groupChain(String group, List<String> ipv4Sets, List<String> ipv6Sets) {
        String chain = Names.chain(group);
        StringBuilder text = new StringBuilder("add chain inet " + Names.TABLE + " " + chain + "\n");
        text.append("flush chain inet " + Names.TABLE + " " + chain + "\n");
        for (String set : ipv4Sets) {
            text.append(ADD_RULE + chain + " ip daddr . meta l4proto . th dport @" + set + " accept\n");
        }
        for (String set : ipv6Sets) {
            text.append(ADD_RULE + chain + " ip6 daddr . meta l4proto . th dport @" + set + " accept\n");
        }
        return text.append(ADD_RULE + chain + " goto " + Names.REFUSE + "\n").toString();
    }

    static String deleteGroupChain(String group) {
        return "flush chain inet %1$s %2$s\ndelete chain inet %1$s %2$s\n".formatted(Names.TABLE, Names.chain(group));
    }

    static String deleteSet(String set) {
        return "delete set inet " + Names.TABLE + " " + set + "\n";
    }

    /**
     * The fence's part in the host's own nftables: translation towards the outside, a second ring around the node's own
     * addresses, also for what the host translates to one of them, and nothing but agents' packets between interfaces that
     * forward only for them. Nothing is allowed by it.
     *
     * @param forwarding interfaces of the host at which forwarding was switched on
     */
    static String host(String table, AddressPlan plan, Collection<String> forwarding) {
        String foreign = forwarding.isEmpty()
                ? ""
                : "add rule ip %1$s between iifname { %2$s } oifname != \"acu-*\" drop\n"
                        .formatted(
                                table,
                                forwarding.stream()
                                        .map(name -> '"' + name + '"')
                                        .collect(Collectors.joining(", ")));
        return """
                add table ip %1$s
                add chain ip %1$s incoming { type filter hook prerouting priority -150; policy accept; }
                flush chain ip %1$s incoming
                add rule ip %1$s incoming iifname "acu-*" fib daddr type local drop
                add chain ip %1$s delivered { type filter hook input priority -150; policy accept; }
                flush chain ip %1$s delivered
                add rule ip %1$s delivered iifname "acu-*" drop
                add chain ip %1$s between { type filter hook forward priority -150; policy accept; }
                flush chain ip %1$s between
                add chain ip %1$s outgoing { type nat hook postrouting priority 100; policy accept; }
                flush chain ip %1$s outgoing
                add rule ip %1$s outgoing ip saddr %2$s oifname != "acu-*" masquerade
                """.formatted(table, plan.uplink()) + foreign;
    }

    static String deleteHost(String table) {
        return "add table ip %1$s\ndelete table ip %1$s\n".formatted(table);
    }

    private static String chain(String name, String... rules) {
        StringBuilder text = new StringBuilder("flush chain inet " + Names.TABLE + " " + name + "\n");
        for (String rule : rules) {
            text.append(ADD_RULE).append(name).append(' ').append(rule).append('\n');
        }
        return text.toString();
    }

    private static String elements(List<Allow> egress) {
        return egress.stream()
                .map(allow -> allow.cidr() + " . " + allow.protocol().name().toLowerCase(Locale.ROOT) + " . "
                        + (allow.port().equals(allow.endPort())
                                ? allow.port().toString()
                                : allow.port() + "-" + allow.endPort()))
                .collect(Collectors.joining(", "));
    }
}
