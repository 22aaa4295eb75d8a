package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.api.v1alpha1.AgentNodePolicySpec.Allow;
import dev.agentcontainers.api.v1alpha1.Protocol;
import dev.agentcontainers.nodeagent.fence.Barrier;
import dev.agentcontainers.nodeagent.linux.fence.GroupBudgets.MarkedBox;
import dev.agentcontainers.nodeagent.linux.netlink.LoggedPacket;
import dev.agentcontainers.protocol.names.NameServer;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
            "note",
            "note_source",
            "refuse",
            "answer",
            "crowded",
            "note_crowded",
            "from_uplink",
            "from_fleet",
            "from_agent",
            "ask_proxy",
            "ask_for_names",
            "intercept",
            Names.UNLESS_QUIC,
            "prerouting",
            "input",
            "forward",
            "output");

    /** Of an interface's denied packets, those that are told of one by one; the counter has them all. */
    static final String MORE_THAN_ARE_NOTED =
            "update @noted { iifname limit rate over 20/second burst 40 packets } return";

    /** Of an agent's packets to its name server, those of connections included. */
    private static final String MOST_QUESTIONS = "limit rate over 200/second burst 400 packets";

    /** Of an agent's packets to the proxy that belong to no connection yet: beginnings of such, repeated ones included. */
    private static final String MOST_BEGINNINGS = "limit rate over 50/second burst 256 packets";

    /** The payload of UDP begins with a one. */
    private static final String LONG_HEADER = "meta l4proto udp @th,64,8 & 0x80 == 0x80";

    /**
     * Bytes of two datagrams, headers of IP and UDP included, the second of which begins QUIC: with 1200 at least (RFC 9000,
     * section 14.1), in Google's versions 1024. What goes out as one packet (UDP_SEGMENT) is cut into pieces of one size, but for the last,
     * which is no larger.
     */
    private static final int TWO_BEGINNINGS = 20 + 8 + 2 * 1024;

    /** Elements of the map of resolved addresses, for all agents together. */
    private static final int MOST_RESOLVED = 1 << 18;

    /** What serves those of agents' programs that know a proxy only. */
    private static final String PROXY = AddressPlan.NEXT_HOP + " tcp";

    private static final String NAME_SERVER = AddressPlan.NEXT_HOP + " meta l4proto { tcp, udp } th";

    /** Only a probe's connection was begun from the name server's address: see {@link #output}. */
    private static final String PROBE_ANSWER = "meta l4proto tcp ct state established ct direction reply";

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
     *
     * @param mostConnections of an agent at a time; empty where the kernel can't count them
     */
    static String base(AddressPlan plan, String neverSet, OptionalInt mostConnections) {
        return """
                add set inet agentfence sources { type ifname . ipv4_addr; }
                add map inet agentfence established { type ifname . ipv4_addr : verdict; }
                add map inet agentfence agents { type ifname : verdict; }
                add map inet agentfence receivers { type ifname : verdict; }
                add set inet agentfence denied { type ifname; counter limit rate 50/second burst 50 packets; }
                add map inet agentfence resolved { \
                  type ifname . ipv4_addr . inet_proto . inet_service : mark; flags timeout; size %1$d; }
                add map inet agentfence intercepted { \
                  type ifname . ipv4_addr . inet_proto . inet_service : mark; flags timeout; size %1$d; }
                add set inet agentfence asking { type ifname; flags dynamic,timeout; timeout 10s; size 65536; }
                add set inet agentfence beginning { type ifname; flags dynamic,timeout; timeout 10s; size 65536; }
                add set inet agentfence connections { type ifname; flags dynamic; size 65536; }
                add set inet agentfence noted { type ifname; flags dynamic,timeout; timeout 60s; size 65536; }
                add chain inet agentfence note
                add chain inet agentfence note_source
                add chain inet agentfence refuse
                add chain inet agentfence answer
                add chain inet agentfence crowded
                add chain inet agentfence note_crowded
                add chain inet agentfence from_uplink
                add chain inet agentfence from_fleet
                add chain inet agentfence from_agent
                add chain inet agentfence ask_proxy
                add chain inet agentfence ask_for_names
                add chain inet agentfence intercept
                add chain inet agentfence unless_quic
                add chain inet agentfence prerouting { type filter hook prerouting priority -150; policy drop; }
                add chain inet agentfence input { type filter hook input priority 0; policy drop; }
                add chain inet agentfence forward { type filter hook forward priority 0; policy drop; }
                add chain inet agentfence output { type filter hook output priority 0; policy drop; }
                """.formatted(MOST_RESOLVED)
                + withoutTranslation()
                + noting(neverSet)
                + refusing()
                + crowded()
                + fromUplink(plan)
                + fromAgent(neverSet)
                + askForNames()
                + intercept()
                + unlessQuic()
                + hooks(plan, mostConnections)
                + output(plan);
    }

    /** The kernel looks for a translation of every packet where a chain for it is; earlier versions had one. */
    private static String withoutTranslation() {
        return """
                add chain inet agentfence postrouting { type nat hook postrouting priority 100; policy accept; }
                flush chain inet agentfence postrouting
                delete chain inet agentfence postrouting
                """;
    }

    /**
     * Tells whoever listens what stops a packet; without a listener nothing comes of it, and nothing is decided here. The
     * reasons are those of {@link #fromAgent} and {@link #hooks}, asked again in their order.
     */
    private static String noting(String neverSet) {
        return chain(
                        "note",
                        MORE_THAN_ARE_NOTED,
                        "oifname \"ac*\" " + noted(Barrier.INGRESS),
                        "oifname \"uplink\" " + noted(Barrier.NO_AGENT),
                        "ct state invalid " + noted(Barrier.INVALID),
                        "ip frag-off & 0x3fff != 0 " + noted(Barrier.FRAGMENT),
                        "ip hdrlength > 5 " + noted(Barrier.OPTIONS),
                        "ip daddr " + AddressPlan.NEXT_HOP + " " + noted(Barrier.NAME_SERVER),
                        "ip daddr @" + neverSet + " " + noted(Barrier.CLOSED),
                        "fib daddr type != unicast " + noted(Barrier.NOT_UNICAST),
                        "meta l4proto != { tcp, udp, sctp } " + noted(Barrier.PROTOCOL),
                        noted(Barrier.EGRESS))
                + chain("note_source", MORE_THAN_ARE_NOTED, noted(Barrier.SOURCE));
    }

    private static String noted(Barrier barrier) {
        return "log prefix \"%s\" group %d snaplen %d return"
                .formatted(barrier.id(), Names.LOG_GROUP, LoggedPacket.COPIED);
    }

    /**
     * Counts at the agent, answers at once as long as there are not too many, so that programs fail quickly, and drops.
     * The elements of the set count, and they match until their limit is reached. What comes from agents of other nodes is
     * answered too, by which their connections end as soon as a rule here does.
     */
    private static String refusing() {
        return chain(
                        "refuse",
                        "jump note",
                        "iifname @denied goto answer",
                        "iifname \"uplink\" limit rate 100/second burst 100 packets goto answer",
                        "drop")
                + chain(
                        "answer",
                        "meta l4proto tcp ct state established reject with tcp reset",
                        // Of a connection that was forgotten.
                        "tcp flags & (fin | syn | rst | ack) != syn reject with tcp reset",
                        "reject with icmpx admin-prohibited");
    }

    /** For what an agent begins while it has as many connections as it may have. Told of as what it is: no rule denies it. */
    private static String crowded() {
        return chain("note_crowded", MORE_THAN_ARE_NOTED, noted(Barrier.CONNECTIONS))
                + chain("crowded", "jump note_crowded", "iifname @denied goto answer", "drop");
    }

    /** Answers, and what agents of other nodes send, which the receiver's rules decide on. */
    private static String fromUplink(AddressPlan plan) {
        return chain(
                        "from_uplink",
                        // Before anything else: as an answer it could be part of a connection between two agents here.
                        "ip saddr " + plan.agents() + " drop",
                        "ct state established ct direction reply accept",
                        "ct state related"
                                + " icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
                        "ip saddr " + plan.fleet() + " ip daddr " + plan.agents() + " goto from_fleet",
                        "drop")
                + chain(
                        "from_fleet",
                        "ct state invalid drop",
                        "fib daddr type != unicast drop",
                        "ip frag-off & 0x3fff != 0 drop",
                        "ip hdrlength > 5 drop",
                        "meta l4proto != { tcp, udp, sctp } drop",
                        "accept");
    }

    /** Every packet of an agent passes here but those of connections whose mark its group still knows. */
    private static String fromAgent(String neverSet) {
        return chain(
                "from_agent",
                // The host's kernel does not translate the source of invalid packets.
                "ct state invalid goto refuse",
                // Fragments are put together before they come here; what is one still can't be judged.
                "ip frag-off & 0x3fff != 0 goto refuse",
                "ip hdrlength > 5 goto refuse",
                "ip daddr " + AddressPlan.NEXT_HOP + " goto ask_for_names",
                "ip daddr @" + neverSet + " goto refuse",
                "fib daddr type != unicast goto refuse",
                "meta l4proto != { tcp, udp, sctp } goto refuse",
                "iifname vmap @agents",
                "goto refuse");
    }

    private static String askForNames() {
        return chain(
                        "ask_for_names",
                        // While the address is not there yet it would lead out of the uplink.
                        "fib daddr type != local goto refuse",
                        PROBE_ANSWER + " accept",
                        "meta l4proto != { tcp, udp } goto refuse",
                        "tcp dport " + NameServer.PROXY_PORT + " goto ask_proxy",
                        "th dport != 53 goto refuse",
                        "update @asking { iifname " + MOST_QUESTIONS + " } goto refuse",
                        "accept")
                + chain(
                        "ask_proxy",
                        "ct state established accept",
                        "update @beginning { iifname " + MOST_BEGINNINGS + " } goto refuse",
                        "accept");
    }

    /** Where nobody listens the first rule ends without a verdict. */
    private static String intercept() {
        return chain(
                Names.INTERCEPT,
                "meta l4proto tcp tproxy ip to %s:%d meta mark set %d accept"
                        .formatted(AddressPlan.NEXT_HOP, Interception.PORT, Interception.MARK),
                "goto refuse");
    }

    /**
     * Ends what has a long header of QUIC (RFC 8999, section 5.1) of a version that servers know: no connection begins without.
     * The bit beside the first may be anything (RFC 9287). Others' first bytes may look so too, four bytes of version hardly ever.
     * Datagrams that an agent has the kernel cut out of a large one come here uncut: only the first could be looked at.
     */
    private static String unlessQuic() {
        return chain(
                Names.UNLESS_QUIC,
                "meta l4proto udp meta length >= " + TWO_BEGINNINGS + " goto refuse",
                // Versions 1 (RFC 9000) and 2 (RFC 9369).
                LONG_HEADER + " @th,72,32 0x00000001 goto refuse",
                LONG_HEADER + " @th,72,32 0x6b3343cf goto refuse",
                // Drafts 27 to 34, and versions before them: Q0.., T0...
                LONG_HEADER + " @th,72,32 0xff00001b-0xff000022 goto refuse",
                LONG_HEADER + " @th,72,16 0x5130 goto refuse",
                LONG_HEADER + " @th,72,16 0x5430 goto refuse");
    }

    private static String hooks(AddressPlan plan, OptionalInt mostConnections) {
        // Packets with a false source are counted and not answered. In prerouting, because packets without a route or
        // to the fence itself never come to forward.
        return chain(
                        "prerouting",
                        "iifname \"uplink\" goto from_uplink",
                        "ip hdrlength 5 iifname . ip saddr vmap @established",
                        "iifname . ip saddr @sources goto from_agent",
                        "iifname \"ac*\" jump note_source",
                        "iifname @denied drop")
                + chain(
                        "input",
                        unlessCrowded(
                                mostConnections,
                                "iifname \"ac*\" ip daddr " + NAME_SERVER + " dport 53 accept",
                                "iifname \"ac*\" ip daddr " + AddressPlan.NEXT_HOP + " " + PROBE_ANSWER + " accept",
                                "iifname \"ac*\" ip daddr " + PROXY + " dport " + NameServer.PROXY_PORT + " accept",
                                "iifname \"ac*\" meta l4proto tcp meta mark " + Interception.MARK + " accept"))
                // What an agent sends was decided on in prerouting. Here the interface of the receiver is known.
                + chain(
                        "forward",
                        unlessCrowded(
                                mostConnections,
                                // The two that most packets match come first.
                                "oifname \"uplink\" iifname \"ac*\" meta mark != " + Interception.MARK + " ip daddr != "
                                        + plan.agents() + " accept",
                                "iifname \"uplink\" oifname \"ac*\" ip saddr != " + plan.fleet()
                                        + " ct direction reply accept",
                                // It was to be handed over.
                                "meta mark " + Interception.MARK + " goto refuse",
                                "iifname \"ac*\" oifname \"uplink\" goto refuse",
                                "iifname \"uplink\" oifname \"ac*\" ct state related accept",
                                "oifname vmap @receivers"));
    }

    /**
     * These, after what ends a connection that begins while its agent has as many as it may have: questions and connections to the
     * proxy too, which fill the same table. What has ended and is only remembered is not counted, nor is what the agent's rules
     * deny, which never comes here: it would be, until the kernel finds out.
     */
    private static String[] unlessCrowded(OptionalInt mostConnections, String... rules) {
        Stream<String> first = mostConnections.stream()
                .mapToObj(most -> "ct state new iifname \"ac*\" add @connections { iifname ct count over " + most
                        + " } goto crowded");
        return Stream.concat(first, Stream.of(rules)).toArray(String[]::new);
    }

    /** Only refusals, the name server's answers, answers to connections that were intercepted, and this node's probes. */
    private static String output(AddressPlan plan) {
        return chain(
                "output",
                "oifname \"ac*\" icmp type destination-unreachable"
                        + " icmp code { port-unreachable, admin-prohibited } accept",
                "oifname \"ac*\" tcp flags & rst == rst accept",
                "oifname \"ac*\" ip saddr " + NAME_SERVER + " sport 53 ct state established ct direction reply accept",
                "oifname \"ac*\" ip saddr " + PROXY + " sport " + NameServer.PROXY_PORT
                        + " ct state established ct direction reply accept",
                "oifname \"ac*\" meta l4proto tcp ct state established ct direction reply "
                        + ConnectionMark.INTERCEPTED.mask() + " accept",
                "oifname \"ac*\" ip saddr " + AddressPlan.NEXT_HOP + " meta l4proto tcp meta mark "
                        + ProbeConnection.MARK + " accept",
                "oifname \"uplink\" ip daddr " + plan.fleet()
                        + " icmp type destination-unreachable icmp code admin-prohibited accept",
                "oifname \"uplink\" ip saddr " + plan.agents() + " ip daddr " + plan.fleet()
                        + " tcp flags & rst == rst accept");
    }

    /** A set of a group's boxes, filled and not yet in use. */
    static String boxSet(String set, boolean ipv6, List<Allow> boxes) {
        String elements = boxes.isEmpty() ? "" : "elements = { " + elements(boxes) + " }; ";
        return "add set inet %s %s { type %s . inet_proto . inet_service; flags interval; %s}\n"
                .formatted(Names.TABLE, set, ipv6 ? "ipv6_addr" : "ipv4_addr", elements);
    }

    /** A map of boxes of rules with budgets to marks, filled and not yet in use. */
    static String budgetedMap(String map, boolean ipv6, List<MarkedBox> boxes) {
        String elements = boxes.stream()
                .map(each -> elements(List.of(each.box())) + " : " + Integer.toUnsignedString(each.mark()))
                .collect(Collectors.joining(", "));
        return "add map inet %s %s { type %s . inet_proto . inet_service : mark; flags interval; %s}\n"
                .formatted(
                        Names.TABLE,
                        map,
                        ipv6 ? "ipv6_addr" : "ipv4_addr",
                        elements.isEmpty() ? "" : "elements = { " + elements + " }; ");
    }

    /** A set of the ports of a group's names with their marks, filled and not yet in use. */
    static String namesSet(String set, Collection<MarkedPort> ports) {
        String elements = ports.stream()
                .map(each -> Integer.toUnsignedString(each.mark()) + " . "
                        + name(each.port().protocol()) + " . "
                        + each.port().port())
                .sorted()
                .collect(Collectors.joining(", "));
        return "add set inet %s %s { type mark . inet_proto . inet_service; elements = { %s }; }\n"
                .formatted(Names.TABLE, set, elements);
    }

    /** Binds a group's chains to its sets; without sets they refuse everything. */
    static String group(String group, GroupSets sets) {
        String sending = Names.chain(group);
        String receiving = Names.receivingChain(group);
        return "add chain inet " + Names.TABLE + " " + sending + "\nadd chain inet " + Names.TABLE + " " + receiving
                + "\n"
                + establishedChain(group)
                + chain(Names.establishedChain(group), sets.establishedRules().toArray(String[]::new))
                + chain(sending, sets.sendingRules().toArray(String[]::new))
                + chain(receiving, sets.receivingRules().toArray(String[]::new));
    }

    /** The chain of what agents send in established connections, which decides nothing where it is new. */
    static String establishedChain(String group) {
        return "add chain inet " + Names.TABLE + " " + Names.establishedChain(group) + "\n";
    }

    /** The chain of what is sent to the group's agents, which lets nothing pass where it is new. */
    static String receivingChain(String group) {
        return "add chain inet " + Names.TABLE + " " + Names.receivingChain(group) + "\n";
    }

    static String deleteGroup(String group) {
        // One of an earlier version has fewer chains.
        return receivingChain(group)
                + establishedChain(group)
                + deleteChain(Names.establishedChain(group))
                + deleteChain(Names.receivingChain(group))
                + deleteChain(Names.chain(group));
    }

    private static String deleteChain(String chain) {
        return "flush chain inet %1$s %2$s\ndelete chain inet %1$s %2$s\n".formatted(Names.TABLE, chain);
    }

    static String deleteSet(String set) {
        return "delete set inet " + Names.TABLE + " " + set + "\n";
    }

    /**
     * The fence's part in the host's own nftables: translation towards the outside, a second ring around the node's own
     * addresses, also for what the host translates to one of them, and nothing but agents' packets between interfaces that
     * forward only for them. What comes to agents from outside has to answer them, or has to be an agent's and to come by the
     * way that leads back to it. Nothing is allowed by it.
     *
     * @param forwarding interfaces of the host at which forwarding was switched on
     */
    static String host(String table, AddressPlan plan, Collection<String> forwarding) {
        String foreign = forwarding.isEmpty()
                ? ""
                : "add rule ip %1$s forwarded iifname { %2$s } oifname != \"acu-*\" drop\n"
                        .formatted(
                                table,
                                forwarding.stream()
                                        .map(name -> '"' + name + '"')
                                        .collect(Collectors.joining(", ")));
        return deleteHost(table) + """
                add table ip %1$s
                add chain ip %1$s incoming { type filter hook prerouting priority -150; policy accept; }
                add rule ip %1$s incoming iifname != "acu-*" return
                add rule ip %1$s incoming ct state established return
                add rule ip %1$s incoming ct state invalid ip daddr != %3$s drop
                add rule ip %1$s incoming fib daddr type local drop
                add chain ip %1$s delivered { type filter hook input priority -150; policy accept; }
                add rule ip %1$s delivered iifname "acu-*" drop
                add chain ip %1$s outgoing { type nat hook postrouting priority 100; policy accept; }
                add rule ip %1$s outgoing ip saddr %2$s ip daddr != %3$s oifname != "acu-*" masquerade
                add chain ip %1$s to_agents
                add rule ip %1$s to_agents ip saddr != %3$s ct direction reply return
                add rule ip %1$s to_agents ip saddr %3$s fib saddr . iif oif exists return
                add rule ip %1$s to_agents drop
                add chain ip %1$s forwarded { type filter hook forward priority -150; policy accept; }
                add rule ip %1$s forwarded oifname "acu-*" ip daddr %2$s goto to_agents
                """.formatted(table, plan.agents(), plan.fleet()) + foreign;
    }

    static String deleteHost(String table) {
        return "add table ip %1$s\ndelete table ip %1$s\n".formatted(table);
    }

    static String chain(String name, String... rules) {
        StringBuilder text = new StringBuilder("flush chain inet " + Names.TABLE + " " + name + "\n");
        for (String rule : rules) {
            text.append(ADD_RULE).append(name).append(' ').append(rule).append('\n');
        }
        return text.toString();
    }

    private static String elements(List<Allow> boxes) {
        return boxes.stream()
                .map(allow -> allow.cidr() + " . " + name(allow.protocol()) + " . "
                        + (allow.port().equals(allow.endPort())
                                ? allow.port().toString()
                                : allow.port() + "-" + allow.endPort()))
                .collect(Collectors.joining(", "));
    }

    private static String name(Protocol protocol) {
        return protocol.name().toLowerCase(Locale.ROOT);
    }
}
