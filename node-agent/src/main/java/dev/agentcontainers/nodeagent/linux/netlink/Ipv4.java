package dev.agentcontainers.nodeagent.linux.netlink;

import java.net.Inet4Address;
import java.nio.ByteBuffer;

/** An IPv4 address. Ordered as unsigned numbers. */
public record Ipv4(int bits) implements Comparable<Ipv4> {
    /** @throws IllegalArgumentException where {@code text} is not four decimal numbers */
    public static Ipv4 parse(String text) {
        return of(Inet4Address.ofLiteral(text).getAddress());
    }

    public static Ipv4 of(byte[] bytes) {
        return new Ipv4(ByteBuffer.wrap(bytes).getInt());
    }

    public byte[] bytes() {
        return ByteBuffer.allocate(4).putInt(bits).array();
    }

    public long number() {
        return Integer.toUnsignedLong(bits);
    }

    public Ipv4 plus(int offset) {
        return new Ipv4(bits + offset);
    }

    @Override
    public int compareTo(Ipv4 other) {
        return Integer.compareUnsigned(bits, other.bits);
    }

    @Override
    public String toString() {
        return (bits >>> 24) + "." + ((bits >>> 16) & 255) + "." + ((bits >>> 8) & 255) + "." + (bits & 255);
    }
}
