package dev.agentcontainers.nodeagent.linux.socket;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;

/** Makes sockets in the calling thread's network namespace: closed in children unless passed on, and never waiting. */
public interface SocketCalls {
    /** A socket of UDP with that address and port. */
    int datagrams(Ipv4 address, int port) throws SystemCallException;

    /** A socket of TCP that listens there. */
    int streams(Ipv4 address, int port) throws SystemCallException;

    /** The same, also for connections to any other address that the rules of the namespace hand to it. */
    int transparentStreams(Ipv4 address, int port) throws SystemCallException;

    void close(int descriptor);
}
