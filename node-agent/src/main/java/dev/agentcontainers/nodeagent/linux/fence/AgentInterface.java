package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.MacAddress;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.Routes;
import dev.agentcontainers.nodeagent.sandbox.SandboxId;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;

/** The interface pair between an agent's network namespace and the fence. */
record AgentInterface(FenceSystem system, Place fence, NamespaceThread visitor, int mtu) {
    private static final String INSIDE = "eth0";
    private static final Ipv4Network EVERYWHERE = new Ipv4Network(new Ipv4(0), 0);

    /**
     * Makes the pair, sets up both ends, the agent's last, and labels it: a labelled interface is complete. The caller
     * removes what is left when this fails.
     */
    void create(SandboxId id, NetworkNamespace agent, Ipv4 address) throws IOException {
        String name = Names.agentInterface(id);
        MacAddress outside = MacAddress.derived(3, address);
        MacAddress inside = MacAddress.derived(4, address);
        fence.route()
                .execute(List.of(Links.createPair(
                        new Links.End(name, outside, OptionalInt.empty()),
                        new Links.End(INSIDE, inside, OptionalInt.of(agent.descriptor())),
                        mtu)));
        int index = index(fence.route(), name);
        fence.route()
                .execute(List.of(
                        Links.upWithoutArp(index, name),
                        Routes.neighbour(address, inside, index),
                        Routes.direct(address, index)));
        visitor.visit(agent, () -> {
            setUpInside(address, outside);
            return true;
        });
        Links.awaitPassing(fence.route(), name);
        fence.route().execute(List.of(Links.label(index, name, id.value())));
    }

    private void setUpInside(Ipv4 address, MacAddress outside) throws IOException {
        Place.writeSysctl("ipv6/conf/all/disable_ipv6", "1");
        Place.writeSysctl("ipv6/conf/default/disable_ipv6", "1");
        try (NetlinkSocket route = system.netlink(NetlinkSocket.ROUTE)) {
            int index = index(route, INSIDE);
            route.execute(List.of(
                    Links.up(index(route, "lo"), "lo"),
                    Addresses.add(index, address),
                    Links.up(index, INSIDE),
                    Routes.neighbour(AddressPlan.NEXT_HOP, outside, index),
                    Routes.via(EVERYWHERE, AddressPlan.NEXT_HOP, index)));
        }
    }

    /** Removes both ends. No effect where there are none. */
    static void remove(Place fence, String name) throws NetlinkException {
        try {
            fence.route().execute(List.of(Links.delete(name)));
        } catch (NetlinkException e) {
            if (!e.notFound()) {
                throw e;
            }
        }
    }

    private static int index(NetlinkSocket socket, String name) throws NetlinkException {
        return Links.find(socket, name)
                .map(Link::index)
                .orElseThrow(() -> new NetlinkException(
                        "look up the interface " + name, NetlinkException.ENODEV, "there is none", ""));
    }
}
