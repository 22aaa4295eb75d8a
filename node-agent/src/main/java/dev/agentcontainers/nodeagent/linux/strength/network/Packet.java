package dev.agentcontainers.nodeagent.linux.strength.network;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * A packet with its Ethernet header, as it was captured or is to be sent. Sources: RFC 791, RFC 768, RFC 8200.
 */
public final class Packet {
    public static final int TCP = 6;
    public static final int UDP = 17;

    private static final int ETHERNET = 14;
    private static final int ADDRESS = 6;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int UDP_HEADER = 8;
    private static final int TIME_TO_LIVE = 64;

    private final byte[] bytes;

    /** Where a packet goes. */
    public record Destination(int protocol, Ipv4 address, int port) {
        @Override
        public String toString() {
            return address + " port " + port + (protocol == TCP ? " by TCP" : " by UDP");
        }
    }

    Packet(byte[] bytes) {
        this.bytes = bytes.clone();
    }

    byte[] bytes() {
        return bytes.clone();
    }

    /** Where it goes; empty where it is not TCP or UDP of IPv4. */
    public Optional<Destination> destination() {
        boolean whole = bytes.length >= ETHERNET + HEADER + UDP_HEADER && kind() == IPV4;
        if (!whole || protocol() != TCP && protocol() != UDP) {
            return Optional.empty();
        }
        ByteBuffer content = ByteBuffer.wrap(bytes);
        int header = (bytes[ETHERNET] & 0x0f) * Integer.BYTES;
        int port = ETHERNET + header + Short.BYTES;
        return bytes.length < port + Short.BYTES
                ? Optional.empty()
                : Optional.of(new Destination(
                        protocol(),
                        new Ipv4(content.getInt(ETHERNET + 16)),
                        Short.toUnsignedInt(content.getShort(port))));
    }

    private int kind() {
        return Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(ETHERNET - Short.BYTES));
    }

    private int protocol() {
        return bytes[ETHERNET + 9];
    }

    /** Of an IPv4 packet. */
    Ipv4 source() {
        return new Ipv4(ByteBuffer.wrap(bytes).getInt(ETHERNET + 12));
    }

    /** Whether these characters are in it. */
    public boolean has(String word) {
        return new String(bytes, StandardCharsets.ISO_8859_1).contains(word);
    }

    /** A datagram of UDP beside this packet: from the same interface to the same neighbour. */
    public Packet udp(Ipv4 from, Ipv4 to, int port, String word) {
        byte[] payload = word.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer datagram = ByteBuffer.allocate(UDP_HEADER + payload.length)
                .putShort((short) port)
                .putShort((short) port)
                .putShort((short) (UDP_HEADER + payload.length))
                // None, which IPv4 allows.
                .putShort((short) 0)
                .put(payload);
        return ipv4(from, to, UDP, datagram.array());
    }

    /** A packet of another protocol. */
    public Packet other(Ipv4 from, Ipv4 to, int protocol, byte[] head, String word) {
        byte[] payload = word.getBytes(StandardCharsets.ISO_8859_1);
        byte[] content = Arrays.copyOf(head, head.length + payload.length);
        System.arraycopy(payload, 0, content, head.length, payload.length);
        return ipv4(from, to, protocol, content);
    }

    private Packet ipv4(Ipv4 from, Ipv4 to, int protocol, byte[] content) {
        ByteBuffer header = ByteBuffer.allocate(HEADER)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (HEADER + content.length))
                .putInt(0)
                .put((byte) TIME_TO_LIVE)
                .put((byte) protocol)
                .putShort((short) 0)
                .put(from.bytes())
                .put(to.bytes());
        header.putShort(10, sum(header.array()));
        return beside(IPV4, header.array(), content);
    }

    /** Of RFC 1071, over an even number of bytes. */
    private static short sum(byte[] header) {
        ByteBuffer words = ByteBuffer.wrap(header);
        int sum = 0;
        while (words.hasRemaining()) {
            sum += Short.toUnsignedInt(words.getShort());
        }
        sum = (sum & 0xffff) + (sum >>> Short.SIZE);
        return (short) ~(sum + (sum >>> Short.SIZE));
    }

    /** A datagram of IPv6. */
    public Packet ipv6(byte[] from, byte[] to, int port, String word) {
        byte[] payload = word.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer header = ByteBuffer.allocate(IPV6_HEADER + UDP_HEADER)
                .putInt(0x60000000)
                .putShort((short) (UDP_HEADER + payload.length))
                .put((byte) UDP)
                .put((byte) TIME_TO_LIVE)
                .put(from)
                .put(to)
                .putShort((short) port)
                .putShort((short) port)
                .putShort((short) (UDP_HEADER + payload.length))
                .putShort((short) 0);
        return beside(IPV6, header.array(), payload);
    }

    private Packet beside(int kind, byte[] header, byte[] content) {
        return new Packet(ByteBuffer.allocate(ETHERNET + header.length + content.length)
                .put(bytes, 0, 2 * ADDRESS)
                .putShort((short) kind)
                .put(header)
                .put(content)
                .array());
    }
}
