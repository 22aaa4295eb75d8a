package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.Optional;

/** Messages about IPv4 routes (RTM_NEWROUTE), rules (RTM_NEWRULE) and neighbours (RTM_NEWNEIGH). */
public final class Routes {
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int RTM_NEWNEIGH = 28;
    private static final int RTM_NEWRULE = 32;
    private static final int FR_ACT_TO_TBL = 1;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_FWMASK = 16;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int HEADER = 12;
    private static final int NDA_DST = 1;
    private static final int NDA_LLADDR = 2;
    private static final int AF_INET = 2;
    private static final int TABLE_MAIN = 254;
    private static final int PROTOCOL_STATIC = 4;
    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;
    private static final int SCOPE_HOST = 254;
    private static final int UNICAST = 1;
    private static final int LOCAL = 2;
    private static final int ONLINK = 4;
    private static final int NUD_PERMANENT = 0x80;
    private static final int REPLACE =
            NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE | NetlinkMessage.REPLACE;

    private Routes() {}

    /** Routes {@code destination} by way of {@code gateway}, which is taken to be on the interface's link. */
    public static NetlinkMessage via(Ipv4Network destination, Ipv4 gateway, int index) {
        Payload payload = header(destination.prefix(), SCOPE_UNIVERSE, ONLINK);
        if (destination.prefix() > 0) {
            payload.attribute(RTA_DST, destination.base().bytes());
        }
        payload.attribute(RTA_GATEWAY, gateway.bytes()).attribute(RTA_OIF, index);
        return new NetlinkMessage("route " + destination + " via " + gateway, RTM_NEWROUTE, REPLACE, payload.toBytes());
    }

    /** Routes a single address directly to the interface. */
    public static NetlinkMessage direct(Ipv4 destination, int index) {
        return new NetlinkMessage(
                "route " + destination,
                RTM_NEWROUTE,
                REPLACE,
                header(32, SCOPE_LINK, 0)
                        .attribute(RTA_DST, destination.bytes())
                        .attribute(RTA_OIF, index)
                        .toBytes());
    }

    /**
     * Takes every address for a local one, in a table of its own.
     *
     * @param table 1 to 252
     * @param index of the loopback interface
     */
    public static NetlinkMessage everythingLocal(int table, int index) {
        return new NetlinkMessage(
                "deliver everything of table " + table,
                RTM_NEWROUTE,
                REPLACE,
                header(0, table, SCOPE_HOST, LOCAL, 0).attribute(RTA_OIF, index).toBytes());
    }

    /** Has packets with that mark routed by the table before any other but the local one. Fails where it is so already. */
    public static NetlinkMessage byMark(int mark, int table) {
        return new NetlinkMessage(
                "route by table " + table + " what is marked",
                RTM_NEWRULE,
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                // struct fib_rule_hdr
                new Payload()
                        .byteValue(AF_INET)
                        .byteValue(0)
                        .byteValue(0)
                        .byteValue(0)
                        .byteValue(table)
                        .byteValue(0)
                        .byteValue(0)
                        .byteValue(FR_ACT_TO_TBL)
                        .intValue(0)
                        .attribute(FRA_PRIORITY, table)
                        .attribute(FRA_FWMARK, mark)
                        .attribute(FRA_FWMASK, -1)
                        .toBytes());
    }

    /** Whether packets for {@code destination} leave by way of the gateway at the interface, as the kernel decides now. */
    public static boolean leads(NetlinkSocket socket, Ipv4 destination, Ipv4 gateway, int index)
            throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(
                "look up the route to " + destination,
                RTM_GETROUTE,
                NetlinkMessage.REQUEST,
                // struct rtmsg
                new Payload()
                        .byteValue(AF_INET)
                        .byteValue(32)
                        .shortValue(0)
                        .intValue(0)
                        .intValue(0)
                        .attribute(RTA_DST, destination.bytes())
                        .toBytes());
        try {
            return socket.query(request).stream()
                    .map(reply -> new Attributes(reply.payload(), HEADER))
                    .anyMatch(route -> route.integer(RTA_OIF).equals(Optional.of(index))
                            && route.bytes(RTA_GATEWAY).map(Ipv4::of).equals(Optional.of(gateway)));
        } catch (NetlinkException e) {
            if (e.errno() == NetlinkException.ENETUNREACH || e.errno() == NetlinkException.EHOSTUNREACH) {
                return false;
            }
            throw e;
        }
    }

    /** Fixes the neighbour's Ethernet address, so that it is never asked for. */
    public static NetlinkMessage neighbour(Ipv4 address, MacAddress mac, int index) {
        return new NetlinkMessage(
                "fix the neighbour " + address,
                RTM_NEWNEIGH,
                REPLACE,
                // struct ndmsg
                new Payload()
                        .byteValue(AF_INET)
                        .byteValue(0)
                        .shortValue(0)
                        .intValue(index)
                        .shortValue(NUD_PERMANENT)
                        .byteValue(0)
                        .byteValue(0)
                        .attribute(NDA_DST, address.bytes())
                        .attribute(NDA_LLADDR, mac.bytes())
                        .toBytes());
    }

    private static Payload header(int prefix, int scope, int flags) {
        return header(prefix, TABLE_MAIN, scope, UNICAST, flags);
    }

    /** struct rtmsg. */
    private static Payload header(int prefix, int table, int scope, int type, int flags) {
        return new Payload()
                .byteValue(AF_INET)
                .byteValue(prefix)
                .byteValue(0)
                .byteValue(0)
                .byteValue(table)
                .byteValue(PROTOCOL_STATIC)
                .byteValue(scope)
                .byteValue(type)
                .intValue(flags);
    }
}
