package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;
import java.util.Optional;

/** The kernel's connection tracking table (ctnetlink). */
public final class TrackedConnections {
    private static final int SUBSYSTEM = 1 << 8;
    private static final int GET = SUBSYSTEM | 1;
    private static final int DELETE = SUBSYSTEM | 2;
    private static final int AF_INET = 2;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_ID = 12;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_IP_V4_SRC = 1;
    private static final int CTA_IP_V4_DST = 2;
    private static final int NESTED = 0x8000;
    private static final int HEADER = 4;

    private TrackedConnections() {}

    /** Forgets every connection that the address began or that was begun to it. */
    public static void forget(NetlinkSocket socket, Ipv4 address) throws NetlinkException {
        NetlinkMessage list = new NetlinkMessage(
                "list tracked connections", GET, NetlinkMessage.REQUEST | NetlinkMessage.DUMP, header().toBytes());
        for (NetlinkMessage entry : socket.query(list)) {
            Attributes attributes = new Attributes(entry.payload(), HEADER);
            Optional<byte[]> tuple = attributes.bytes(CTA_TUPLE_ORIG);
            if (tuple.isPresent() && concerns(new Attributes(tuple.get(), 0), address)) {
                delete(socket, tuple.get(), attributes.bytes(CTA_ID), address);
            }
        }
    }

    private static boolean concerns(Attributes tuple, Ipv4 address) {
        return tuple.nested(CTA_TUPLE_IP).stream()
                .anyMatch(ip -> ip.bytes(CTA_IP_V4_SRC).map(Ipv4::of).equals(Optional.of(address))
                        || ip.bytes(CTA_IP_V4_DST).map(Ipv4::of).equals(Optional.of(address)));
    }

    private static void delete(NetlinkSocket socket, byte[] tuple, Optional<byte[]> id, Ipv4 address)
            throws NetlinkException {
        Payload payload = header().attribute(CTA_TUPLE_ORIG | NESTED, tuple);
        id.ifPresent(value -> payload.attribute(CTA_ID, value));
        try {
            socket.execute(List.of(new NetlinkMessage(
                    "forget a connection of " + address,
                    DELETE,
                    NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE,
                    payload.toBytes())));
        } catch (NetlinkException e) {
            if (!e.notFound()) {
                throw e;
            }
        }
    }

    /** struct nfgenmsg. */
    private static Payload header() {
        return new Payload().byteValue(AF_INET).byteValue(0).shortBigEndian(0);
    }
}
