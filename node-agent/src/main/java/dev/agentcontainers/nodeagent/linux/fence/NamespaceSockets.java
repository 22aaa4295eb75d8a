package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;

/** The name server's sockets, made in the fence's namespace. */
final class NamespaceSockets implements NameServerSockets {
    private static final int PORT = 53;

    private final SocketCalls calls;
    private final int datagrams;
    private final int streams;
    private boolean closed;

    private NamespaceSockets(SocketCalls calls, int datagrams, int streams) {
        this.calls = calls;
        this.datagrams = datagrams;
        this.streams = streams;
    }

    static NamespaceSockets open(Place fence, SocketCalls calls) throws IOException {
        return fence.thread().call(() -> {
            int datagrams = calls.datagrams(AddressPlan.NEXT_HOP, PORT);
            try {
                return new NamespaceSockets(calls, datagrams, calls.streams(AddressPlan.NEXT_HOP, PORT));
            } catch (IOException | RuntimeException e) {
                calls.close(datagrams);
                throw e;
            }
        });
    }

    @Override
    public int datagrams() {
        return datagrams;
    }

    @Override
    public int streams() {
        return streams;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            calls.close(datagrams);
            calls.close(streams);
        }
    }
}
