package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;

/** A socket that leaves everything to another, for those that change some of it. */
public abstract class ForwardingNetlink implements NetlinkSocket {
    protected final NetlinkSocket socket;

    protected ForwardingNetlink(NetlinkSocket socket) {
        this.socket = socket;
    }

    @Override
    public void execute(List<NetlinkMessage> messages) throws NetlinkException {
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
}
