package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The egress proxy of this node as a process of the machine. There is one at most. */
public interface ProxyPrograms {
    /**
     * Listens where the proxy looks for the node agent; nobody but it and root can connect.
     *
     * @param user whom the proxy runs as
     */
    ServerSocketChannel listen(long user) throws IOException;

    /** Whether it is the proxy's user who has connected. */
    boolean isProxy(SocketChannel peer) throws IOException;

    /** Which build a proxy that is started now would be. */
    String build() throws IOException;

    /** Which fence is this node's now. */
    String fence() throws IOException;

    boolean isRunning() throws IOException;

    /**
     * Starts it with copies of the sockets, as a user without any rights, so that it outlives this process.
     *
     * @param user that nobody else of the machine has
     * @throws IOException naming what of the machine keeps it from being started
     */
    void start(NameServerSockets sockets, long user) throws IOException;

    /** Kills it, and returns when it is gone. No effect where there is none. */
    void kill() throws IOException, InterruptedException;
}
