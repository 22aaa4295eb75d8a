package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.ForwardingNetlink;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import java.io.IOException;
import java.util.List;

/** The real system, with nftables as of Linux 6.1: they know no deleting of what may not be there. */
final class OlderSystem extends ForwardingSystem {
    private static final int DESTROY_ELEMENT = 10 << 8 | 30;

    OlderSystem() {
        super(FenceSystem.linux());
    }

    @Override
    public NetlinkSocket netlink(int protocol) throws IOException {
        return new ForwardingNetlink(super.netlink(protocol)) {
            @Override
            public void execute(List<NetlinkMessage> messages) throws NetlinkException {
                if (messages.stream().anyMatch(message -> message.type() == DESTROY_ELEMENT)) {
                    throw new NetlinkException("delete", NetlinkException.EINVAL, "Invalid argument", "");
                }
                super.execute(messages);
            }
        };
    }
}
