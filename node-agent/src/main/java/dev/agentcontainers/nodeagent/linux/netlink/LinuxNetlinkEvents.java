package dev.agentcontainers.nodeagent.linux.netlink;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/** Of interfaces, IPv4 addresses and routes, forwarding, packet filters, and nftables. Sources: rtnetlink(7), netlink(7). */
public final class LinuxNetlinkEvents implements NetlinkEvents {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_ADD_MEMBERSHIP = 1;
    private static final int[] ROUTE_GROUPS = {
        1, // RTNLGRP_LINK
        4, // RTNLGRP_TC
        5, // RTNLGRP_IPV4_IFADDR
        7, // RTNLGRP_IPV4_ROUTE
        24 // RTNLGRP_IPV4_NETCONF
    };
    private static final int NFTABLES_GROUP = 7;
    private static final int MSG_DONTWAIT = 0x40;
    private static final short POLLIN = 1;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int ENOBUFS = 105;
    private static final int BUFFER = 64 * 1024;

    private interface C extends Library {
        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int option, byte[] value, int length) throws LastErrorException;

        int bind(int socket, byte[] address, int length) throws LastErrorException;

        int poll(byte[] descriptors, long count, int milliseconds) throws LastErrorException;

        long recv(int socket, Pointer buffer, long length, int flags) throws LastErrorException;

        int close(int descriptor);

        String strerror(int errno);
    }

    private static final C LIBC = Native.load("c", C.class);

    private final int route;
    private final int filter;
    private final Memory buffer = new Memory(BUFFER);

    private LinuxNetlinkEvents(int route, int filter) {
        this.route = route;
        this.filter = filter;
    }

    /** Begins to listen in the calling thread's network namespace. */
    public static LinuxNetlinkEvents open() throws NetlinkException {
        int route = listen(NetlinkSocket.ROUTE, ROUTE_GROUPS);
        try {
            return new LinuxNetlinkEvents(route, listen(NetlinkSocket.NETFILTER, NFTABLES_GROUP));
        } catch (NetlinkException e) {
            LIBC.close(route);
            throw e;
        }
    }

    private static int listen(int protocol, int... groups) throws NetlinkException {
        int socket;
        try {
            socket = LIBC.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
        } catch (LastErrorException e) {
            throw failure("open a netlink socket", e);
        }
        try {
            byte[] address = host(12).putShort((short) AF_NETLINK).array();
            LIBC.bind(socket, address, address.length);
            for (int group : groups) {
                byte[] value = host(4).putInt(group).array();
                LIBC.setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, value, value.length);
            }
            return socket;
        } catch (LastErrorException e) {
            LIBC.close(socket);
            throw failure("listen to the kernel's notices", e);
        }
    }

    @Override
    public boolean await(Duration atMost) throws NetlinkException {
        // struct pollfd, twice
        ByteBuffer descriptors = host(16).putInt(route)
                .putShort(POLLIN)
                .putShort((short) 0)
                .putInt(filter)
                .putShort(POLLIN)
                .putShort((short) 0);
        try {
            if (LIBC.poll(descriptors.array(), 2, (int) Math.min(atMost.toMillis(), Integer.MAX_VALUE)) == 0) {
                return false;
            }
        } catch (LastErrorException e) {
            if (e.getErrorCode() == EINTR) {
                return false;
            }
            throw failure("wait for the kernel's notices", e);
        }
        drain(route);
        drain(filter);
        return true;
    }

    /** Notices that there was no room for were lost, but not that there were some. */
    private void drain(int socket) throws NetlinkException {
        while (true) {
            try {
                LIBC.recv(socket, buffer, BUFFER, MSG_DONTWAIT);
            } catch (LastErrorException e) {
                if (e.getErrorCode() == EAGAIN) {
                    return;
                }
                if (e.getErrorCode() != ENOBUFS && e.getErrorCode() != EINTR) {
                    throw failure("read the kernel's notices", e);
                }
            }
        }
    }

    @Override
    public void close() {
        LIBC.close(route);
        LIBC.close(filter);
        buffer.close();
    }

    private static NetlinkException failure(String action, LastErrorException e) {
        return new NetlinkException(action, e.getErrorCode(), LIBC.strerror(e.getErrorCode()), "");
    }

    private static ByteBuffer host(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
