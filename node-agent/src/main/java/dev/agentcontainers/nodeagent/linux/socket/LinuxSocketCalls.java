package dev.agentcontainers.nodeagent.linux.socket;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The kernel's own. Sources: socket(7), ip(7). */
public final class LinuxSocketCalls implements SocketCalls {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_ERROR = 4;
    private static final int SO_BINDTODEVICE = 25;
    private static final int SO_MARK = 36;
    private static final int SOL_IP = 0;
    private static final int IP_TRANSPARENT = 19;
    private static final int IP_BIND_ADDRESS_NO_PORT = 24;
    private static final int BACKLOG = 512;
    private static final int ADDRESS_LENGTH = 16;
    private static final int EINPROGRESS = 115;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int option, byte[] value, int length) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        int listen(int socket, int backlog) throws LastErrorException;

        int connect(int socket, byte[] address, int length) throws LastErrorException;

        int getsockopt(int socket, int level, int option, byte[] value, int[] length) throws LastErrorException;

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
    public int connecting(Ipv4 from, Ipv4 to, int port, String networkInterface, int mark) throws SystemCallException {
        int descriptor;
        try {
            descriptor = LIBC.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        } catch (LastErrorException e) {
            throw failure("open a socket", e);
        }
        try {
            set(descriptor, SOL_SOCKET, SO_MARK, mark);
            byte[] name = networkInterface.getBytes(StandardCharsets.US_ASCII);
            LIBC.setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, name.length);
            // The port is chosen for this destination alone: else connections that have ended would use up all ports.
            set(descriptor, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
            LIBC.bind(descriptor, socketAddress(from, 0), ADDRESS_LENGTH);
            LIBC.connect(descriptor, socketAddress(to, port), ADDRESS_LENGTH);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != EINPROGRESS) {
                LIBC.close(descriptor);
                throw failure("connect to " + to + ":" + port, e);
            }
        }
        return descriptor;
    }

    @Override
    public Optional<SystemCallException> failure(int descriptor) {
        byte[] value = new byte[4];
        try {
            LIBC.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, new int[] {value.length});
        } catch (LastErrorException e) {
            return Optional.of(failure("look at a socket", e));
        }
        int error = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt();
        return error == 0
                ? Optional.empty()
                : Optional.of(new SystemCallException("connect", error, LIBC.strerror(error)));
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
        set(descriptor, level, option, 1);
    }

    private static void set(int descriptor, int level, int option, int value) {
        byte[] bytes = ByteBuffer.allocate(4)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array();
        LIBC.setsockopt(descriptor, level, option, bytes, bytes.length);
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
