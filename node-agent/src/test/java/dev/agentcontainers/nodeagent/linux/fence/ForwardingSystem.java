package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.PacketPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceCalls;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkEvents;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkNotices;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import dev.agentcontainers.nodeagent.linux.socket.SocketCalls;
import java.io.IOException;

/** A system that leaves everything to another, for those that change some of it. */
abstract class ForwardingSystem implements FenceSystem {
    private final FenceSystem system;

    ForwardingSystem(FenceSystem system) {
        this.system = system;
    }

    @Override
    public NamespaceCalls namespaces() {
        return system.namespaces();
    }

    @Override
    public NetlinkSocket netlink(int protocol) throws IOException {
        return system.netlink(protocol);
    }

    @Override
    public Nftables nftables() throws IOException {
        return system.nftables();
    }

    @Override
    public NetlinkEvents events() throws IOException {
        return system.events();
    }

    @Override
    public NetlinkNotices connections() throws IOException {
        return system.connections();
    }

    @Override
    public NetlinkNotices loggedPackets(int group) throws IOException {
        return system.loggedPackets(group);
    }

    @Override
    public PacketPrograms programs() {
        return system.programs();
    }

    @Override
    public SocketCalls sockets() {
        return system.sockets();
    }
}
