package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.Routes;
import java.util.List;

/**
 * How a connection of an agent is handed to a process rather than forwarded: its packets are given to the socket that listens at
 * {@link #PORT}, and get a mark by which they are delivered here whatever their destination. Packets of agents have no mark
 * before: the kernel takes it from what comes out of another namespace. Source: Documentation/networking/tproxy.rst.
 */
final class Interception {
    /** Of {@link AddressPlan#NEXT_HOP}. Agents reach no ports of it but that of names and that of the proxy that is asked. */
    static final int PORT = 10443;

    /** Of packets, while they are in the fence. */
    static final int MARK = 0x61637470;

    private static final int TABLE = 100;

    private Interception() {}

    /** Has marked packets delivered. Without it they would be forwarded, which the rules refuse. */
    static void ensure(Place fence) throws NetlinkException {
        int loopback = Links.find(fence.route(), "lo")
                .map(Link::index)
                .orElseThrow(() ->
                        new NetlinkException("look up the interface lo", NetlinkException.ENODEV, "it vanished", ""));
        fence.route().execute(List.of(Routes.everythingLocal(TABLE, loopback)));
        try {
            fence.route().execute(List.of(Routes.byMark(MARK, TABLE)));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.EEXIST) {
                throw e;
            }
        }
    }
}
