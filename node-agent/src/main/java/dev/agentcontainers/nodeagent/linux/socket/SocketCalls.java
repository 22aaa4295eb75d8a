package dev.agentcontainers.nodeagent.linux.socket;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.util.Optional;

/** Makes sockets in the calling thread's network namespace: closed in children unless passed on, and never waiting. */
public interface SocketCalls {
    /** A socket of UDP with that address and port. */
    int datagrams(Ipv4 address, int port) throws SystemCallException;

    /** A socket of TCP that listens there. */
    int streams(Ipv4 address, int port) throws SystemCallException;

    /** The same, also for connections to any other address that the rules of the namespace hand to it. */
    int transparentStreams(Ipv4 address, int port) throws SystemCallException;

    /**
     * A socket of TCP that connects from that address to the other, by that interface alone, all of whose packets have the
     * mark. The connection may come about later: {@link #failure} tells, once the socket can be written to.
     */
    int connecting(Ipv4 from, Ipv4 to, int port, String networkInterface, int mark) throws SystemCallException;

    /** Why a socket did not come to be connected; empty where it did. */
    Optional<SystemCallException> failure(int descriptor);

    void close(int descriptor);
}
