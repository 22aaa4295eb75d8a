package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;

/**
 * A netlink socket, bound for ever to the network namespace in which it was opened. Thread-safe.
 *
 * @see <a href="https://docs.kernel.org/userspace-api/netlink/intro.html">Introduction to Netlink</a>
 */
public interface NetlinkSocket extends AutoCloseable {
    int ROUTE = 0;
    int NETFILTER = 12;

    /**
     * Sends the messages in one datagram and waits for the acknowledgement of each that asks for one. Every message is
     * executed by the kernel in order, whether or not one before it failed.
     *
     * @throws NetlinkException the first error
     */
    void execute(List<NetlinkMessage> messages) throws NetlinkException;

    /** Sends a request and returns all replies: one for a plain request, any number for a dump. */
    List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException;

    @Override
    void close();
}
