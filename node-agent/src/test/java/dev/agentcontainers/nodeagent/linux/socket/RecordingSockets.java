package dev.agentcontainers.nodeagent.linux.socket;

import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import java.util.ArrayList;
import java.util.List;

/** Records what it is asked for. */
public final class RecordingSockets implements SocketCalls {
    private final List<String> calls = new ArrayList<>();
    private int made = 30;

    public List<String> calls() {
        return List.copyOf(calls);
    }

    @Override
    public int datagrams(Ipv4 address, int port) {
        calls.add("datagrams at " + address + ":" + port);
        return ++made;
    }

    @Override
    public int streams(Ipv4 address, int port) {
        calls.add("streams at " + address + ":" + port);
        return ++made;
    }

    @Override
    public void close(int descriptor) {
        calls.add("close " + descriptor);
    }
}
