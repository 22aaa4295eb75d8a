package dev.agentcontainers.nodeagent.linux.socket;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The kernel's own. Sources: socket(7), ip(7). */
public final class LinuxSocketCalls implements SocketCalls {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SOL_IP = 0;
    private static final int IP_TRANSPARENT = 19;
    private static final int BACKLOG = 512;
    private static final int ADDRESS_LENGTH = 16;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int option, byte[] value, int length) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        int listen(int socket, int backlog) throws LastErrorException;

        int close(int descriptor);

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    @Override
    public int datagrams(Ipv4 address, int port) throws SystemCallException {
        return open(SOCK_DGRAM, address, port, false);
    }

    @Override
    public int streams(Ipv4 address, int port) throws SystemCallException {
        return open(SOCK_STREAM, address, port, false);
    }

    @Override
    public int transparentStreams(Ipv4 address, int port) throws SystemCallException {
        return open(SOCK_STREAM, address, port, true);
    }

    @Override
    public void close(int descriptor) {
        LIBC.close(descriptor);
    }

    private static int open(int type, Ipv4 address, int port, boolean transparent) throws SystemCallException {
        int descriptor;
        try {
            descriptor = LIBC.socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        } catch (LastErrorException e) {
            throw failure("open a socket", e);
        }
        try {
            if (type == SOCK_STREAM) {
                // Else connections that have ended keep the next one from listening for a minute.
                switchOn(descriptor, SOL_SOCKET, SO_REUSEADDR);
            }
            if (transparent) {
                switchOn(descriptor, SOL_IP, IP_TRANSPARENT);
            }
            LIBC.bind(descriptor, socketAddress(address, port), ADDRESS_LENGTH);
            if (type == SOCK_STREAM) {
                LIBC.listen(descriptor, BACKLOG);
            }
            return descriptor;
        } catch (LastErrorException e) {
            LIBC.close(descriptor);
            throw failure("listen at " + address + ":" + port, e);
        }
    }

    private static void switchOn(int descriptor, int level, int option) {
        byte[] on =
                ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(1).array();
        LIBC.setsockopt(descriptor, level, option, on, on.length);
    }

    /** struct sockaddr_in. */
    private static byte[] socketAddress(Ipv4 address, int port) {
        ByteBuffer bytes = ByteBuffer.allocate(ADDRESS_LENGTH);
        bytes.order(ByteOrder.nativeOrder()).putShort((short) AF_INET);
        bytes.order(ByteOrder.BIG_ENDIAN).putShort((short) port).put(address.bytes());
        return bytes.array();
    }

    private static SystemCallException failure(String action, LastErrorException e) {
        return new SystemCallException(action, e.getErrorCode(), LIBC.strerror(e.getErrorCode()));
    }
}
