package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.FenceEvent.Tuple;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Reads the beginning of a packet that somebody may have made by hand. Sources: RFC 791, RFC 8200. */
final class PacketHeader {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int SCTP = 132;
    private static final int SHORTEST_IPV4 = 20;
    private static final int IPV6 = 40;

    private PacketHeader() {}

    /** Ports are 0 where the packet has none, or not here. Empty where it has no whole IP header. */
    static Optional<Tuple> read(byte[] packet) {
        if (packet.length >= SHORTEST_IPV4 && packet[0] >> 4 == 4) {
            int length = (packet[0] & 0xf) * 4;
            boolean first = (ByteBuffer.wrap(packet).getShort(6) & 0x1fff) == 0;
            return Optional.of(
                    tuple(packet, packet[9] & 0xff, address(packet, 12, 4), address(packet, 16, 4), length, first));
        }
        if (packet.length >= IPV6 && packet[0] >> 4 == 6) {
            return Optional.of(
                    tuple(packet, packet[6] & 0xff, address(packet, 8, 16), address(packet, 24, 16), IPV6, true));
        }
        return Optional.empty();
    }

    private static Tuple tuple(
            byte[] packet, int protocol, String source, String destination, int ports, boolean hasPorts) {
        boolean shown = hasPorts
                && (protocol == TCP || protocol == UDP || protocol == SCTP)
                && ports >= SHORTEST_IPV4
                && packet.length >= ports + 4;
        return new Tuple(
                protocol, source, shown ? port(packet, ports) : 0, destination, shown ? port(packet, ports + 2) : 0);
    }

    private static int port(byte[] packet, int offset) {
        return Short.toUnsignedInt(ByteBuffer.wrap(packet).getShort(offset));
    }

    private static String address(byte[] packet, int offset, int length) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(packet, offset, offset + length))
                    .getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }
}
