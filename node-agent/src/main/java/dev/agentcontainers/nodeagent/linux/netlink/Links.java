package dev.agentcontainers.nodeagent.linux.netlink;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;

/** Messages about network interfaces (RTM_*LINK). */
public final class Links {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_GETLINK = 18;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_IFALIAS = 20;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int IFLA_LINK_NETNSID = 37;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFF_UP = 1;
    private static final int IFF_NOARP = 0x80;
    private static final int IFLA_OPERSTATE = 16;
    private static final int OPERSTATE_UP = 6;
    private static final int HEADER = 16;
    private static final long PATIENCE_NANOS = 3_000_000_000L;
    private static final long PAUSE_NANOS = 500_000;

    /**
     * An interface as the kernel shows it.
     *
     * @param up switched on
     * @param passing switched on at both ends and ready to send: before, packets are silently lost
     * @param alias the text that an administrator gave it, or empty
     * @param peerNamespace the kernel's number for the namespace of the other end, where that is another
     */
    public record Link(int index, String name, boolean up, boolean passing, String alias, OptionalInt peerNamespace) {}

    /** One end of a pair to be made, {@code namespace} being a descriptor or empty for the socket's own namespace. */
    public record End(String name, MacAddress mac, OptionalInt namespace) {}

    private Links() {}

    /** Makes a pair of connected interfaces, both down. */
    public static NetlinkMessage createPair(End here, End there, int mtu) {
        Payload payload = header(0, 0, 0)
                .attribute(IFLA_IFNAME, here.name)
                .attribute(IFLA_ADDRESS, here.mac.bytes())
                .attribute(IFLA_MTU, mtu)
                .nested(
                        IFLA_LINKINFO,
                        info -> info.attribute(IFLA_INFO_KIND, "veth")
                                .nested(
                                        IFLA_INFO_DATA,
                                        data -> data.nested(VETH_INFO_PEER, peer -> {
                                            peer.raw(header(0, 0, 0).toBytes())
                                                    .attribute(IFLA_IFNAME, there.name)
                                                    .attribute(IFLA_ADDRESS, there.mac.bytes())
                                                    .attribute(IFLA_MTU, mtu);
                                            there.namespace.ifPresent(
                                                    descriptor -> peer.attribute(IFLA_NET_NS_FD, descriptor));
                                        })));
        here.namespace.ifPresent(descriptor -> payload.attribute(IFLA_NET_NS_FD, descriptor));
        return change(
                "make the interface pair " + here.name + ", " + there.name,
                RTM_NEWLINK,
                NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE,
                payload);
    }

    public static NetlinkMessage label(int index, String name, String alias) {
        return change(
                "label the interface " + name,
                RTM_NEWLINK,
                0,
                header(index, 0, 0).attribute(IFLA_IFALIAS, alias));
    }

    public static NetlinkMessage up(int index, String name) {
        return change("bring up the interface " + name, RTM_NEWLINK, 0, header(index, IFF_UP, IFF_UP));
    }

    /** Brings it up without ARP, so that only permanent neighbours are ever used. */
    public static NetlinkMessage upWithoutArp(int index, String name) {
        int flags = IFF_UP | IFF_NOARP;
        return change("bring up the interface " + name, RTM_NEWLINK, 0, header(index, flags, flags));
    }

    public static NetlinkMessage delete(String name) {
        return change(
                "delete the interface " + name, RTM_DELLINK, 0, header(0, 0, 0).attribute(IFLA_IFNAME, name));
    }

    public static NetlinkMessage get(String name) {
        return new NetlinkMessage(
                "look up the interface " + name,
                RTM_GETLINK,
                NetlinkMessage.REQUEST,
                header(0, 0, 0).attribute(IFLA_IFNAME, name).toBytes());
    }

    public static NetlinkMessage list() {
        return new NetlinkMessage(
                "list interfaces",
                RTM_GETLINK,
                NetlinkMessage.REQUEST | NetlinkMessage.DUMP,
                header(0, 0, 0).toBytes());
    }

    /** The interface of that name in the socket's namespace. */
    public static Optional<Link> find(NetlinkSocket socket, String name) throws NetlinkException {
        try {
            return socket.query(get(name)).stream().findFirst().map(Links::parse);
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** The interface of that number in the socket's namespace. */
    public static Optional<Link> find(NetlinkSocket socket, int index) throws NetlinkException {
        NetlinkMessage request = new NetlinkMessage(
                "look up the interface " + index,
                RTM_GETLINK,
                NetlinkMessage.REQUEST,
                header(index, 0, 0).toBytes());
        try {
            return socket.query(request).stream().findFirst().map(Links::parse);
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Waits until an interface that is up at both ends is ready to send. The kernel makes the end that came up first ready
     * a little later (its link watch); since 6.14 asking is enough to make it do so now.
     */
    public static void awaitPassing(NetlinkSocket socket, String name) throws NetlinkException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!find(socket, name).map(Link::passing).orElse(false)) {
            if (System.nanoTime() > deadline) {
                throw new NetlinkException(
                        "wait for the interface " + name, NetlinkException.ETIMEDOUT, "it does not get ready", "");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    public static List<Link> all(NetlinkSocket socket) throws NetlinkException {
        return socket.query(list()).stream().map(Links::parse).toList();
    }

    static Link parse(NetlinkMessage message) {
        Attributes attributes = new Attributes(message.payload(), HEADER);
        Optional<Integer> peer = attributes.integer(IFLA_LINK_NETNSID);
        return new Link(
                HostOrder.integer(message.payload(), 4),
                attributes.text(IFLA_IFNAME).orElse(""),
                (HostOrder.integer(message.payload(), 8) & IFF_UP) != 0,
                attributes
                        .bytes(IFLA_OPERSTATE)
                        .filter(state -> state[0] == OPERSTATE_UP)
                        .isPresent(),
                attributes.text(IFLA_IFALIAS).orElse(""),
                peer.isPresent() ? OptionalInt.of(peer.get()) : OptionalInt.empty());
    }

    /** struct ifinfomsg. */
    private static Payload header(int index, int flags, int change) {
        return new Payload()
                .shortValue(0)
                .shortValue(0)
                .intValue(index)
                .intValue(flags)
                .intValue(change);
    }

    private static NetlinkMessage change(String action, int type, int flags, Payload payload) {
        return new NetlinkMessage(
                action, type, NetlinkMessage.REQUEST | NetlinkMessage.ACKNOWLEDGE | flags, payload.toBytes());
    }
}
