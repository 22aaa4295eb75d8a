package dev.agentcontainers.nodeagent.linux.socket;

import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Records what it is asked for; refuses to listen where a test tells it to. */
public final class RecordingSockets implements SocketCalls {
    private final List<String> calls = new ArrayList<>();
    private int made = 30;
    private int errno;

    public RecordingSockets refuseStreams(int errno) {
        this.errno = errno;
        return this;
    }

    public List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public int datagrams(Ipv4 address, int port) {
        calls.add("datagrams at " + address + ":" + port);
        return ++made;
    }

    @Override
    public int streams(Ipv4 address, int port) throws SystemCallException {
        calls.add("streams at " + address + ":" + port);
        if (errno != 0) {
            throw new SystemCallException("listen", errno, "made to fail");
        }
        return ++made;
    }

    @Override
    public int transparentStreams(Ipv4 address, int port) {
        calls.add("transparent streams at " + address + ":" + port);
        return ++made;
    }

    @Override
    public int connecting(Ipv4 from, Ipv4 to, int port, String networkInterface, int mark) {
        calls.add("connect from " + from + " to " + to + ":" + port + " by " + networkInterface);
        return ++made;
    }

    @Override
    public Optional<SystemCallException> failure(int descriptor) {
        return Optional.empty();
    }

    @Override
    public void close(int descriptor) {
        calls.add("close " + descriptor);
    }
}
