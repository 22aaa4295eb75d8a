package dev.agentcontainers.nodeagent.linux.netlink;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** The kernel's connection tracking table (ctnetlink). */
public final class TrackedConnections {
    private static final int SUBSYSTEM = 1 << 8;
    private static final int GET = SUBSYSTEM | 1;
    private static final int DELETE = SUBSYSTEM | 2;
    private static final int AF_INET = 2;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_MARK = 8;
    private static final int CTA_ID = 12;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_IP_V4_SRC = 1;
    private static final int CTA_IP_V4_DST = 2;
    private static final int CTA_TUPLE_PROTO = 2;
    private static final int CTA_PROTO_NUM = 1;
    private static final int CTA_PROTO_DST_PORT = 3;
    private static final int NESTED = 0x8000;
    private static final int HEADER = 4;

    private TrackedConnections() {}

    /**
     * A connection of IPv4 as it began.
     *
     * @param protocol number of the protocol above IP
     * @param port that it was begun to; 0 where the protocol has none
     * @param mark 0 for none
     */
    public record Begun(Ipv4 source, Ipv4 destination, int protocol, int port, int mark) {}

    /** Every connection of IPv4 that is tracked, as it is now. */
    public static List<TrackedConnection> all(NetlinkSocket socket) throws NetlinkException {
        return socket.query(list()).stream()
                .flatMap(entry -> TrackedConnection.of(entry).stream())
                .toList();
    }

    /** Forgets every connection that the address began or that was begun to it. */
    public static void forget(NetlinkSocket socket, Ipv4 address) throws NetlinkException {
        forget(socket, entry -> concerns(entry, address), "of " + address);
    }

    /**
     * Forgets the connections among these with such a mark.
     *
     * @param marks asked with 0 for one without a mark
     */
    public static void forgetMarked(NetlinkSocket socket, Ipv4 address, IntPredicate marks) throws NetlinkException {
        forget(socket, entry -> concerns(entry, address) && marks.test(mark(entry)), "of " + address);
    }

    /**
     * Forgets every connection with such a mark.
     *
     * @param marks asked with 0 for one without a mark
     */
    public static void forgetMarked(NetlinkSocket socket, IntPredicate marks) throws NetlinkException {
        forget(socket, entry -> marks.test(mark(entry)), "that a name had let pass");
    }

    /** Forgets every connection that was begun to such an address. */
    public static void forgetTo(NetlinkSocket socket, Predicate<Ipv4> addresses) throws NetlinkException {
        forget(socket, entry -> address(entry, CTA_IP_V4_DST).filter(addresses).isPresent(), "to a closed address");
    }

    /** Forgets every such connection. */
    public static void forgetBegun(NetlinkSocket socket, Predicate<Begun> which) throws NetlinkException {
        forget(socket, entry -> begun(entry).filter(which).isPresent(), "that nothing allows any more");
    }

    private static Optional<Begun> begun(Attributes entry) {
        Optional<Ipv4> source = address(entry, CTA_IP_V4_SRC);
        Optional<Ipv4> destination = address(entry, CTA_IP_V4_DST);
        Optional<Attributes> protocol = entry.nested(CTA_TUPLE_ORIG).flatMap(tuple -> tuple.nested(CTA_TUPLE_PROTO));
        if (source.isEmpty() || destination.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Begun(
                source.get(),
                destination.get(),
                protocol.flatMap(its -> its.bytes(CTA_PROTO_NUM))
                        .map(bytes -> Byte.toUnsignedInt(bytes[0]))
                        .orElse(0),
                protocol.flatMap(its -> its.bytes(CTA_PROTO_DST_PORT))
                        .map(bytes -> Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort()))
                        .orElse(0),
                mark(entry)));
    }

    private static void forget(NetlinkSocket socket, Predicate<Attributes> which, String what) throws NetlinkException {
        for (NetlinkMessage entry : socket.query(list())) {
            Attributes attributes = new Attributes(entry.payload(), HEADER);
            Optional<byte[]> tuple = attributes.bytes(CTA_TUPLE_ORIG);
            if (tuple.isPresent() && which.test(attributes)) {
                delete(socket, tuple.get(), attributes.bytes(CTA_ID), what);
            }
        }
    }

    private static NetlinkMessage list() {
        return new NetlinkMessage(
                "list tracked connections", GET, NetlinkMessage.REQUEST | NetlinkMessage.DUMP, header().toBytes());
    }

    private static int mark(Attributes entry) {
        return entry.integerBigEndian(CTA_MARK).orElse(0);
    }

    private static boolean concerns(Attributes entry, Ipv4 address) {
        return address(entry, CTA_IP_V4_SRC).equals(Optional.of(address))
                || address(entry, CTA_IP_V4_DST).equals(Optional.of(address));
    }

    private static Optional<Ipv4> address(Attributes entry, int which) {
        return entry.nested(CTA_TUPLE_ORIG)
                .flatMap(tuple -> tuple.nested(CTA_TUPLE_IP))
                .flatMap(ip -> ip.bytes(which))
                .map(Ipv4::of);
    }

    private static void delete(NetlinkSocket socket, byte[] tuple, Optional<byte[]> id, String what)
            throws NetlinkException {
        Payload payload = header().attribute(CTA_TUPLE_ORIG | NESTED, tuple);
        id.ifPresent(value -> payload.attribute(CTA_ID, value));
        try {
            socket.execute(List.of(new NetlinkMessage(
                    "forget a connection " + what,
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
