package dev.agentcontainers.nodeagent.linux.strength.network;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A socket at the interfaces of the network namespace in which it was opened. Never waits. What comes faster than it is asked is
 * lost: a few hundred packets are kept. Source: packet(7).
 */
final class PacketSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    private static final int NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final int ALL_PROTOCOLS = 0x0003;
    private static final int ADDRESS_SIZE = 20;
    private static final int MOST = 2048;
    private static final C LIBC = Native.load("c", C.class);

    private final int descriptor;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        NativeLong recv(int socket, byte[] buffer, NativeLong size, int flags);

        NativeLong sendto(int socket, byte[] buffer, NativeLong size, int flags, byte[] address, int length)
                throws LastErrorException;

        int close(int descriptor);
    }

    private PacketSocket(int descriptor) {
        this.descriptor = descriptor;
    }

    /** In the calling thread's network namespace. */
    static PacketSocket open() throws IOException {
        try {
            return new PacketSocket(LIBC.socket(AF_PACKET, SOCK_RAW | NONBLOCK_CLOEXEC, networkOrder(ALL_PROTOCOLS)));
        } catch (LastErrorException e) {
            throw new IOException("a packet socket can't be had: error " + e.getErrorCode(), e);
        }
    }

    private static int networkOrder(int number) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                ? Integer.reverseBytes(number) >>> Short.SIZE
                : number;
    }

    /** What came to and left any interface since this was asked. */
    List<Packet> received() {
        List<Packet> packets = new ArrayList<>();
        byte[] buffer = new byte[MOST];
        int size = (int) receive(buffer);
        while (size >= 0) {
            packets.add(new Packet(Arrays.copyOf(buffer, size)));
            size = (int) receive(buffer);
        }
        return packets;
    }

    private long receive(byte[] buffer) {
        return LIBC.recv(descriptor, buffer, new NativeLong(buffer.length), 0).longValue();
    }

    /** Sends it from the interface of that number. */
    void send(int index, Packet packet) throws IOException {
        byte[] bytes = packet.bytes();
        ByteBuffer address = ByteBuffer.allocate(ADDRESS_SIZE).order(ByteOrder.nativeOrder());
        address.putShort((short) AF_PACKET);
        // The packet's own, in network order as it stands there.
        address.put(bytes, 12, Short.BYTES);
        address.putInt(index);
        try {
            LIBC.sendto(descriptor, bytes, new NativeLong(bytes.length), 0, address.array(), ADDRESS_SIZE);
        } catch (LastErrorException e) {
            throw new IOException("a packet can't be sent: error " + e.getErrorCode(), e);
        }
    }

    @Override
    public void close() {
        LIBC.close(descriptor);
    }
}
