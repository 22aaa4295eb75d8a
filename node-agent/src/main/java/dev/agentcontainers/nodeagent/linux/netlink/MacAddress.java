package dev.agentcontainers.nodeagent.linux.netlink;

import java.nio.ByteBuffer;

/** An Ethernet address of ours: locally administered, made of a role and an IPv4 address, so unique in its segment. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record MacAddress(byte[] bytes) {
    /** @param role distinguishes the two ends of a pair, 0 to 63 */
    public static MacAddress derived(int role, Ipv4 address) {
        return new MacAddress(ByteBuffer.allocate(6)
                .put((byte) (role << 2 | 2))
                .put((byte) 0xac)
                .putInt(address.bits())
                .array());
    }
}
