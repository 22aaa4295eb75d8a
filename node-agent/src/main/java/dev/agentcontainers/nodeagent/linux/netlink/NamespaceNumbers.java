package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.OptionalInt;

/** The numbers by which the kernel names other network namespaces within one (RTM_GETNSID). */
public final class NamespaceNumbers {
    private static final int RTM_GETNSID = 90;
    private static final int NETNSA_NSID = 1;
    private static final int NETNSA_FD = 3;
    private static final int HEADER = 4;

    private NamespaceNumbers() {}

    /** The number of the namespace that the descriptor stands for, as seen from the socket's; empty where it has none. */
    public static OptionalInt of(NetlinkSocket socket, int descriptor) throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(
                "look up a namespace",
                RTM_GETNSID,
                NetlinkMessage.REQUEST,
                new Payload().intValue(0).attribute(NETNSA_FD, descriptor).toBytes());
        return socket.query(request).stream()
                .flatMap(reply -> new Attributes(reply.payload(), HEADER).integer(NETNSA_NSID).stream())
                .mapToInt(Integer::intValue)
                .filter(number -> number >= 0)
                .findFirst();
    }
}
