package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Messages about IPv4 addresses of interfaces (RTM_*ADDR). */
public final class Addresses {
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_GETADDR = 22;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int AF_INET = 2;
    private static final int HEADER = 8;
    private static final int INDEX = 4;
    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;

    private Addresses() {}

    /** Gives an interface a single address, without a network around it. */
    public static NetlinkMessage add(int index, Ipv4 address) {
        return add(index, address, SCOPE_UNIVERSE);
    }

    /** The same with an address that the kernel chooses for no packet of its own. */
    public static NetlinkMessage addUnchosen(int index, Ipv4 address) {
        return add(index, address, SCOPE_LINK);
    }

    private static NetlinkMessage add(int index, Ipv4 address, int scope) {
        return new NetlinkMessage(
                "add the address " + address,
                RTM_NEWADDR,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE | NetlinkMessage.REPLACE,
                header(32, scope, index)
                        .attribute(IFA_LOCAL, address.bytes())
                        .attribute(IFA_ADDRESS, address.bytes())
                        .toBytes());
    }

    /** Every IPv4 address in the socket's namespace. */
    public static List<Ipv4> all(NetlinkSocket socket) throws NetlinkException {
        return list(socket).stream()
                .map(reply -> new Attributes(reply.payload(), HEADER))
                .map(attributes -> attributes.bytes(IFA_LOCAL).or(() -> attributes.bytes(IFA_ADDRESS)))
                .flatMap(Optional::stream)
                .map(Ipv4::of)
                .toList();
    }

    /** Indexes of the interfaces that have an IPv4 address. */
    public static Set<Integer> interfaces(NetlinkSocket socket) throws NetlinkException {
        return list(socket).stream()
                .map(reply -> HostOrder.integer(reply.payload(), INDEX))
                .collect(Collectors.toSet());
    }

    private static List<NetlinkMessage> list(NetlinkSocket socket) throws NetlinkException {
        return socket.query(new NetlinkMessage(
                "list addresses",
                RTM_GETADDR,
                NetlinkMessage.REQUEST | NetlinkMessage.DUMP,
                header(0, SCOPE_UNIVERSE, 0).toBytes()));
    }

    /** struct ifaddrmsg. */
    private static Payload header(int prefix, int scope, int index) {
        return new Payload()
                .byteValue(AF_INET)
                .byteValue(prefix)
                .byteValue(0)
                .byteValue(scope)
                .intValue(index);
    }
}
