package dev.agentcontainers.nodeagent.linux.netlink;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A connection as the kernel's tracking shows it (ctnetlink).
 *
 * @param id the kernel's number for it, used again some time after its end
 * @param protocol number of the protocol above IP
 * @param sourcePort 0 where the protocol has none
 * @param tcpState as in linux/netfilter/nf_conntrack_tcp.h; empty where it is no TCP, or not said
 * @param sent of who began it; empty where the kernel does not count or not say
 * @param begun nanoseconds since 1970; empty where the kernel does not measure or not say
 * @param original the kernel's form of who began it and with whom
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record TrackedConnection(
        Kind kind,
        int id,
        int protocol,
        String source,
        int sourcePort,
        String destination,
        int destinationPort,
        Optional<Integer> tcpState,
        Optional<Volume> sent,
        Optional<Volume> received,
        Optional<Long> begun,
        byte[] original) {
    /** What a message about it says. */
    public enum Kind {
        BEGUN,
        /** Something of it changed, or it was asked for. */
        SHOWN,
        ENDED
    }

    /** What was counted, IP headers included. */
    public record Volume(long packets, long bytes) {}

    private static final int SUBSYSTEM = 1 << 8;
    private static final int NEW = SUBSYSTEM;
    private static final int GET = SUBSYSTEM | 1;
    private static final int DELETE = SUBSYSTEM | 2;
    private static final int AF_INET = 2;
    private static final int NESTED = 0x8000;
    private static final int HEADER = 4;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_PROTOINFO = 4;
    private static final int CTA_COUNTERS_ORIG = 9;
    private static final int CTA_COUNTERS_REPLY = 10;
    private static final int CTA_ID = 12;
    private static final int CTA_TIMESTAMP = 20;
    private static final int TUPLE_IP = 1;
    private static final int TUPLE_PROTO = 2;
    private static final int IP_V4_SRC = 1;
    private static final int IP_V4_DST = 2;
    private static final int IP_V6_SRC = 3;
    private static final int IP_V6_DST = 4;
    private static final int PROTO_NUM = 1;
    private static final int PROTO_SRC_PORT = 2;
    private static final int PROTO_DST_PORT = 3;
    private static final int PROTOINFO_TCP = 1;
    private static final int TCP_STATE = 1;
    private static final int COUNTERS_PACKETS = 1;
    private static final int COUNTERS_BYTES = 2;
    private static final int TIMESTAMP_START = 1;
    private static final int TIME_WAIT = 7;
    private static final int CLOSE = 8;

    /** Empty where the notice is of something else. */
    public static Optional<TrackedConnection> of(NetlinkMessage notice) {
        return switch (notice.type()) {
            case NEW ->
                parse(
                        (notice.flags() & NetlinkMessage.CREATE) != 0 ? Kind.BEGUN : Kind.SHOWN,
                        new Attributes(notice.payload(), HEADER));
            case DELETE -> parse(Kind.ENDED, new Attributes(notice.payload(), HEADER));
            default -> Optional.empty();
        };
    }

    /** The same connection as it is now, with what was counted; empty where it is gone. */
    public Optional<TrackedConnection> now(NetlinkSocket socket) throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(
                "look up a connection",
                GET,
                // Older kernels mark the only answer as one of several; the acknowledgement ends it there too.
                NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE,
                new Payload()
                        .byteValue(AF_INET)
                        .byteValue(0)
                        .shortBigEndian(0)
                        .attribute(CTA_TUPLE_ORIG | NESTED, original)
                        .toBytes());
        try {
            List<NetlinkMessage> replies = socket.query(request);
            return replies.stream()
                    .flatMap(reply -> of(reply).stream())
                    .filter(found -> found.id == id)
                    .findFirst();
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Whether it is a TCP connection at its end, which the kernel remembers for a while. */
    public boolean isOver() {
        return tcpState.filter(state -> state == TIME_WAIT || state == CLOSE).isPresent();
    }

    private static Optional<TrackedConnection> parse(Kind kind, Attributes attributes) {
        Optional<byte[]> original = attributes.bytes(CTA_TUPLE_ORIG);
        Optional<Attributes> tuple = original.map(bytes -> new Attributes(bytes, 0));
        Optional<Attributes> ip = tuple.flatMap(each -> each.nested(TUPLE_IP));
        Optional<Attributes> protocol = tuple.flatMap(each -> each.nested(TUPLE_PROTO));
        if (original.isEmpty() || ip.isEmpty() || protocol.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new TrackedConnection(
                kind,
                attributes.integerBigEndian(CTA_ID).orElse(0),
                protocol.get().bytes(PROTO_NUM).map(bytes -> bytes[0] & 0xff).orElse(0),
                address(ip.get(), IP_V4_SRC, IP_V6_SRC),
                port(protocol.get(), PROTO_SRC_PORT),
                address(ip.get(), IP_V4_DST, IP_V6_DST),
                port(protocol.get(), PROTO_DST_PORT),
                attributes
                        .nested(CTA_PROTOINFO)
                        .flatMap(info -> info.nested(PROTOINFO_TCP))
                        .flatMap(tcp -> tcp.bytes(TCP_STATE))
                        .map(bytes -> bytes[0] & 0xff),
                volume(attributes, CTA_COUNTERS_ORIG),
                volume(attributes, CTA_COUNTERS_REPLY),
                attributes
                        .nested(CTA_TIMESTAMP)
                        .flatMap(times -> times.longBigEndian(TIMESTAMP_START))
                        .filter(begun -> begun != 0),
                original.get()));
    }

    private static Optional<Volume> volume(Attributes attributes, int type) {
        return attributes
                .nested(type)
                .flatMap(counters -> counters.longBigEndian(COUNTERS_PACKETS)
                        .flatMap(packets ->
                                counters.longBigEndian(COUNTERS_BYTES).map(bytes -> new Volume(packets, bytes))));
    }

    private static String address(Attributes ip, int ipv4, int ipv6) {
        try {
            Optional<byte[]> bytes = ip.bytes(ipv4).or(() -> ip.bytes(ipv6));
            return bytes.isPresent() ? InetAddress.getByAddress(bytes.get()).getHostAddress() : "";
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address of a wrong length", e);
        }
    }

    private static int port(Attributes protocol, int type) {
        return protocol.bytes(type)
                .map(bytes -> Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort()))
                .orElse(0);
    }
}
