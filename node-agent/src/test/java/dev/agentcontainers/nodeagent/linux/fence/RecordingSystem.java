package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.RecordingPacketPrograms;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.namespace.RecordingNamespaces;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkNotices;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.RecordingNetlink;
import dev.agentcontainers.nodeagent.linux.netlink.RecordingNetlinkEvents;
import dev.agentcontainers.nodeagent.linux.nftables.RecordingNftables;
import dev.agentcontainers.nodeagent.linux.socket.RecordingSockets;
import java.io.IOException;

/** A system that does nothing but record, part by part. */
final class RecordingSystem implements FenceSystem {
    final RecordingNamespaces namespaces = new RecordingNamespaces();
    final RecordingNetlink route = new RecordingNetlink();
    final RecordingNetlink filter = new RecordingNetlink();
    final RecordingNftables nftables = new RecordingNftables();
    final RecordingPacketPrograms programs = new RecordingPacketPrograms();
    final RecordingNetlinkEvents events = new RecordingNetlinkEvents();
    final RecordingSockets sockets = new RecordingSockets();

    /** A place in this system's current namespace. */
    Place place() throws IOException {
        return Place.open(this, NetworkNamespace.current(namespaces), "recorded");
    }

    @Override
    public RecordingNamespaces namespaces() {
        return namespaces;
    }

    @Override
    public RecordingNetlink netlink(int protocol) {
        return protocol == NetlinkSocket.ROUTE ? route : filter;
    }

    @Override
    public RecordingNftables nftables() {
        return nftables;
    }

    @Override
    public RecordingNetlinkEvents events() {
        return events;
    }

    @Override
    public NetlinkNotices connections() throws IOException {
        throw new IOException("nothing is connected here");
    }

    @Override
    public NetlinkNotices loggedPackets(int group) throws IOException {
        throw new IOException("nothing is logged here");
    }

    @Override
    public RecordingPacketPrograms programs() {
        return programs;
    }

    @Override
    public RecordingSockets sockets() {
        return sockets;
    }
}
