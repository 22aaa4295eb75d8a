package dev.agentcontainers.nodeagent.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Numbers in the machine's byte order, as netlink's headers have them. */
final class HostOrder {
    private HostOrder() {}

    static int integer(byte[] bytes, int offset) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt(offset);
    }
}
