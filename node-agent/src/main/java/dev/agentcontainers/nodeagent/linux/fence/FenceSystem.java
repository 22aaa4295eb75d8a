package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.LinuxPacketPrograms;
import dev.agentcontainers.nodeagent.linux.bpf.PacketPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceCalls;
import dev.agentcontainers.nodeagent.linux.netlink.LinuxNetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.LinuxNetlinkNotices;
import dev.agentcontainers.nodeagent.linux.netlink.LinuxNetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkNotices;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.LibNftables;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import dev.agentcontainers.nodeagent.linux.socket.LinuxSocketCalls;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;

/** Everything that the fence asks of the kernel. */
public interface FenceSystem {
    NamespaceCalls namespaces();

    /** Opens a socket in the calling thread's network namespace. */
    NetlinkSocket netlink(int protocol) throws IOException;

    /** Opens nftables in the calling thread's network namespace. */
    Nftables nftables() throws IOException;

    /** Listens to changes in the calling thread's network namespace. */
    NetlinkEvents events() throws IOException;

    /** Listens to connections in the calling thread's network namespace. */
    NetlinkNotices connections() throws IOException;

    /** Takes the packets that rules of the calling thread's network namespace log to that group. */
    NetlinkNotices loggedPackets(int group) throws IOException;

    PacketPrograms programs();

    SocketCalls sockets();

    /** This machine. */
    static FenceSystem linux() {
        NamespaceCalls namespaces = new LinuxNamespaceCalls();
        PacketPrograms programs = new LinuxPacketPrograms();
        SocketCalls sockets = new LinuxSocketCalls();
        return new FenceSystem() {
            @Override
            public NamespaceCalls namespaces() {
                return namespaces;
            }

            @Override
            public NetlinkSocket netlink(int protocol) throws IOException {
                return LinuxNetlinkSocket.open(protocol);
            }

            @Override
            public Nftables nftables() throws IOException {
                return LibNftables.open();
            }

            @Override
            public NetlinkEvents events() throws IOException {
                return LinuxNetlinkEvents.open();
            }

            @Override
            public NetlinkNotices connections() throws IOException {
                return LinuxNetlinkNotices.ofConnections();
            }

            @Override
            public NetlinkNotices loggedPackets(int group) throws IOException {
                return LinuxNetlinkNotices.ofLoggedPackets(group);
            }

            @Override
            public PacketPrograms programs() {
                return programs;
            }

            @Override
            public SocketCalls sockets() {
                return sockets;
            }
        };
    }
}
