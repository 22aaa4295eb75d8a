package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.PacketPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceCalls;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;
import java.util.List;

/** The real system, with nftables as of Linux 6.1: they know no deleting of what may not be there. */
final class OlderSystem implements FenceSystem {
    private static final int DESTROY_ELEMENT = 10 << 8 | 30;

    private final FenceSystem real = FenceSystem.linux();

    @Override
    public NamespaceCalls namespaces() {
        return real.namespaces();
    }

    @Override
    public NetlinkSocket netlink(int protocol) throws IOException {
        NetlinkSocket socket = real.netlink(protocol);
        return new NetlinkSocket() {
            @Override
            public void execute(List<NetlinkMessage> messages) throws NetlinkException {
                if (messages.stream().anyMatch(message -> message.type() == DESTROY_ELEMENT)) {
                    throw new NetlinkException("delete", NetlinkException.EINVAL, "Invalid argument", "");
                }
                socket.execute(messages);
            }

            @Override
            public List<NetlinkMessage> query(NetlinkMessage request) throws NetlinkException {
                return socket.query(request);
            }

            @Override
            public void close() {
                socket.close();
            }
        };
    }

    @Override
    public Nftables nftables() throws IOException {
        return real.nftables();
    }

    @Override
    public NetlinkEvents events() throws IOException {
        return real.events();
    }

    @Override
    public PacketPrograms programs() {
        return real.programs();
    }

    @Override
    public SocketCalls sockets() {
        return real.sockets();
    }
}
