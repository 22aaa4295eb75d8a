package dev.agentcontainers.nodeagent.linux.netlink;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Of connections, and of packets that rules log. Sources: netlink(7), linux/netfilter/nfnetlink_conntrack.h,
 * linux/netfilter/nfnetlink_log.h.
 */
public final class LinuxNetlinkNotices implements NetlinkNotices {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUF = 8;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_ADD_MEMBERSHIP = 1;
    /** Connections that began, changed and ended. */
    private static final int[] CONNECTION_GROUPS = {1, 2, 3};

    private static final int ROOM = 4 << 20;
    private static final int HEADER = 16;
    private static final int NLMSG_NOOP = 1;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int MSG_DONTWAIT = 0x40;
    private static final short POLLIN = 1;
    private static final int EPERM = 1;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int ENOBUFS = 105;
    private static final int BUFFER = 256 * 1024;
    /** What one call gives at most, so that it returns however much comes. */
    private static final int MOST_MESSAGES = 4096;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int option, byte[] value, int length) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        long send(int socket, byte[] data, long length, int flags) throws LastErrorException;

        int poll(byte[] descriptors, long count, int milliseconds) throws LastErrorException;

        long recv(int socket, Pointer buffer, long length, int flags) throws LastErrorException;

        int close(int descriptor);

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    private final int socket;
    private final Memory buffer = new Memory(BUFFER);
    private long overruns;

    private LinuxNetlinkNotices(int socket) {
        this.socket = socket;
    }

    /** Begins to listen to connections that come and go in the calling thread's network namespace. */
    public static LinuxNetlinkNotices ofConnections() throws NetlinkException {
        LinuxNetlinkNotices notices = open();
        try {
            for (int group : CONNECTION_GROUPS) {
                notices.join(group);
            }
            return notices;
        } catch (NetlinkException e) {
            notices.close();
            throw e;
        }
    }

    /**
     * Begins to take the packets that rules of the calling thread's network namespace log to that group. There is one taker
     * at a time.
     */
    public static LinuxNetlinkNotices ofLoggedPackets(int group) throws NetlinkException {
        LinuxNetlinkNotices notices = open();
        try {
            for (NetlinkMessage message : LoggedPacket.subscription(group)) {
                notices.execute(message);
            }
            return notices;
        } catch (NetlinkException e) {
            notices.close();
            throw e;
        }
    }

    private static LinuxNetlinkNotices open() throws NetlinkException {
        int socket;
        try {
            socket = LIBC.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NetlinkSocket.NETFILTER);
        } catch (LastErrorException e) {
            throw failure("open a netlink socket", e.getErrorCode());
        }
        try {
            makeRoom(socket);
            byte[] address = host(12).putShort((short) AF_NETLINK).array();
            LIBC.bind(socket, address, address.length);
            return new LinuxNetlinkNotices(socket);
        } catch (LastErrorException e) {
            LIBC.close(socket);
            throw failure("set up a netlink socket", e.getErrorCode());
        }
    }

    /** As much as notices of many connections take; where this process is not the machine's root, as much as everybody may have. */
    private static void makeRoom(int socket) throws LastErrorException {
        byte[] room = host(4).putInt(ROOM).array();
        try {
            LIBC.setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, room, room.length);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != EPERM) {
                throw e;
            }
            LIBC.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, room, room.length);
        }
    }

    private void join(int group) throws NetlinkException {
        try {
            byte[] value = host(4).putInt(group).array();
            LIBC.setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, value, value.length);
        } catch (LastErrorException e) {
            throw failure("listen to connections", e.getErrorCode());
        }
    }

    /** The kernel answers such a request before it returns from the sending of it; packets may come before the answer. */
    private void execute(NetlinkMessage message) throws NetlinkException {
        int length = HEADER + message.payload().length;
        ByteBuffer datagram = host(length)
                .putInt(length)
                .putShort((short) message.type())
                .putShort((short) message.flags())
                .putInt(1)
                .putInt(0)
                .put(message.payload());
        try {
            LIBC.send(socket, datagram.array(), length, 0);
        } catch (LastErrorException e) {
            throw failure(message.action(), e.getErrorCode());
        }
        for (NetlinkMessage answer : receiveAll(true)) {
            if (answer.type() == NLMSG_ERROR) {
                int errno = -HostOrder.integer(answer.payload(), 0);
                if (errno != 0) {
                    throw failure(message.action(), errno);
                }
                return;
            }
        }
        throw failure(message.action(), NetlinkException.ETIMEDOUT);
    }

    @Override
    public List<NetlinkMessage> await(Duration atMost) throws NetlinkException {
        // struct pollfd
        ByteBuffer descriptor = host(8).putInt(socket).putShort(POLLIN).putShort((short) 0);
        try {
            if (LIBC.poll(descriptor.array(), 1, (int) Math.min(atMost.toMillis(), Integer.MAX_VALUE)) == 0) {
                return List.of();
            }
        } catch (LastErrorException e) {
            if (e.getErrorCode() == EINTR) {
                return List.of();
            }
            throw failure("wait for the kernel's notices", e.getErrorCode());
        }
        return receiveAll(false);
    }

    private List<NetlinkMessage> receiveAll(boolean withAnswers) throws NetlinkException {
        List<NetlinkMessage> messages = new ArrayList<>();
        while (messages.size() < MOST_MESSAGES) {
            try {
                parse((int) LIBC.recv(socket, buffer, BUFFER, MSG_DONTWAIT), withAnswers, messages);
            } catch (LastErrorException e) {
                switch (e.getErrorCode()) {
                    case EAGAIN -> {
                        return messages;
                    }
                    case ENOBUFS -> overruns++;
                    case EINTR -> {}
                    default -> throw failure("read the kernel's notices", e.getErrorCode());
                }
            }
        }
        return messages;
    }

    private void parse(int length, boolean withAnswers, List<NetlinkMessage> messages) throws NetlinkException {
        ByteBuffer datagram = buffer.getByteBuffer(0, length).order(ByteOrder.nativeOrder());
        int position = 0;
        while (position + HEADER <= length) {
            int messageLength = datagram.getInt(position);
            if (messageLength < HEADER || position + messageLength > length) {
                throw new NetlinkException("read the kernel's notices", 0, "message of length " + messageLength, "");
            }
            int type = Short.toUnsignedInt(datagram.getShort(position + 4));
            if (type != NLMSG_NOOP && type != NLMSG_DONE && (withAnswers || type != NLMSG_ERROR)) {
                byte[] payload = new byte[messageLength - HEADER];
                datagram.get(position + HEADER, payload);
                messages.add(new NetlinkMessage(
                        "notice", type, Short.toUnsignedInt(datagram.getShort(position + 6)), payload));
            }
            position += (messageLength + 3) & ~3;
        }
    }

    @Override
    public long overruns() {
        return overruns;
    }

    @Override
    public void close() {
        LIBC.close(socket);
        buffer.close();
    }

    private static NetlinkException failure(String action, int errno) {
        return new NetlinkException(action, errno, LIBC.strerror(errno), "");
    }

    private static ByteBuffer host(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
