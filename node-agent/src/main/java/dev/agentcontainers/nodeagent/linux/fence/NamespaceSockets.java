package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import dev.agentcontainers.protocol.names.NameServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The name server's sockets and that of intercepted connections, made in the fence's namespace. */
final class NamespaceSockets implements NameServerSockets {
    private static final int PORT = 53;

    private final SocketCalls calls;
    private final int datagrams;
    private final int streams;
    private final int intercepted;
    private final int asked;
    private boolean closed;

    private NamespaceSockets(SocketCalls calls, int datagrams, int streams, int intercepted, int asked) {
        this.calls = calls;
        this.datagrams = datagrams;
        this.streams = streams;
        this.intercepted = intercepted;
        this.asked = asked;
    }

    static NamespaceSockets open(Place fence, SocketCalls calls) throws IOException {
        return fence.thread().call(() -> {
            List<Integer> opened = new ArrayList<>();
            try {
                opened.add(calls.datagrams(AddressPlan.NEXT_HOP, PORT));
                opened.add(calls.streams(AddressPlan.NEXT_HOP, PORT));
                opened.add(calls.transparentStreams(AddressPlan.NEXT_HOP, Interception.PORT));
                opened.add(calls.streams(AddressPlan.NEXT_HOP, NameServer.PROXY_PORT));
                return new NamespaceSockets(calls, opened.get(0), opened.get(1), opened.get(2), opened.get(3));
            } catch (IOException | RuntimeException e) {
                opened.forEach(calls::close);
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
    public int intercepted() {
        return intercepted;
    }

    @Override
    public int asked() {
        return asked;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            calls.close(datagrams);
            calls.close(streams);
            calls.close(intercepted);
            calls.close(asked);
        }
    }
}
