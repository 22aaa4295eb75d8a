package dev.agentcontainers.nodeagent.linux.fence;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * What the egress proxy's user may send from the host, as nftables commands. Pure text. A table of its own, since it concerns
 * IPv6 too, and since it stands only where there was a proxy.
 */
final class ProxyRules {
    /** Elements of the set of what was opened for the proxy itself, for all agents together. */
    private static final int MOST_PROXIED = 1 << 16;

    private ProxyRules() {}

    /**
     * Everything that a socket of the user sends is dropped, unless it goes to one of the resolvers, by UDP or TCP, or by TCP to
     * what stands in the set {@code proxied}, whose elements come and go one by one and outlive this; such connections
     * go on. Sockets that it was
     * given belong to who made them, and those in the fence do not come by here. Looked at before the host translates
     * destinations: a resolver's address is the one that the machine's configuration names. What was opened for it must not lead
     * to this machine itself where the host translates it.
     */
    static String table(String table, long user, Collection<InetSocketAddress> resolvers) {
        return """
                add table inet %1$s
                add set inet %1$s %2$s { type ipv4_addr . inet_service; flags timeout; size %3$d; }
                add chain inet %1$s sent
                flush chain inet %1$s sent
                add chain inet %1$s output { type filter hook output priority -150; policy accept; }
                flush chain inet %1$s output
                add rule inet %1$s output meta skuid %4$d goto sent
                add chain inet %1$s translated { type filter hook output priority 10; policy accept; }
                flush chain inet %1$s translated
                add rule inet %1$s translated meta skuid %4$d meta l4proto tcp \
                  ct original ip daddr . ct original proto-dst @%2$s fib daddr type local drop
                """.formatted(table, Names.PROXIED, MOST_PROXIED, user)
                + resolvers.stream()
                        .map(resolver -> rule(table, to(resolver) + " accept"))
                        .distinct()
                        .collect(Collectors.joining())
                // Connections outlive what let them begin, as agents' own do: the proxy ends them where a name is taken
                // back.
                + rule(
                        table,
                        "meta l4proto tcp tcp flags & (syn | ack) != syn ct state established ct direction original accept")
                + rule(table, "meta l4proto tcp ip daddr . tcp dport @" + Names.PROXIED + " accept")
                + rule(table, "drop");
    }

    private static String rule(String table, String rule) {
        return "add rule inet " + table + " sent " + rule + "\n";
    }

    private static String to(InetSocketAddress resolver) {
        String family = resolver.getAddress() instanceof Inet4Address ? "ip" : "ip6";
        return family + " daddr " + resolver.getAddress().getHostAddress() + " meta l4proto { tcp, udp } th dport "
                + resolver.getPort();
    }

    static String delete(String table) {
        return "add table inet %1$s\ndelete table inet %1$s\n".formatted(table);
    }
}
