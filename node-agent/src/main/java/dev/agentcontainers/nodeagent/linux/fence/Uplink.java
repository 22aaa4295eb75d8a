package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.MacAddress;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.Routes;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The fence's only way out: an interface pair to the host, routes at both ends, and translation on the host. */
record Uplink(LinuxFenceSettings settings, AddressPlan plan, Place host, Place fence) {
    private static final Ipv4Network EVERYWHERE = new Ipv4Network(new Ipv4(0), 0);
    private static final String IP_FORWARD = "ipv4/ip_forward";

    /** Makes what is missing and leaves what is right, without interrupting traffic. */
    void ensure() throws IOException {
        fence.sysctl("ipv6/conf/all/disable_ipv6", "1");
        fence.sysctl("ipv6/conf/default/disable_ipv6", "1");
        fence.sysctl(IP_FORWARD, "1");
        // Refusals are limited per agent by the rules; the kernel's limit would leave programs waiting after six.
        fence.sysctl("ipv4/icmp_ratemask", "0");
        if (!standing()) {
            removePair(host.route());
            create();
        }
        MacAddress hostMac = MacAddress.derived(1, plan.uplink());
        MacAddress fenceMac = MacAddress.derived(2, plan.uplink());
        int outer = index(host.route(), settings.hostInterface());
        int inner = index(fence.route(), Names.UPLINK);
        host.sysctl("ipv6/conf/" + settings.hostInterface() + "/disable_ipv6", "1");
        fence.route()
                .execute(List.of(
                        Links.label(inner, Names.UPLINK, "agentcontainers uplink"),
                        Addresses.add(inner, plan.uplink()),
                        Links.upWithoutArp(inner, Names.UPLINK),
                        Routes.neighbour(AddressPlan.NEXT_HOP, hostMac, inner)));
        host.route()
                .execute(List.of(
                        Links.label(outer, settings.hostInterface(), "agentcontainers " + settings.name()),
                        Links.upWithoutArp(outer, settings.hostInterface()),
                        Routes.neighbour(plan.uplink(), fenceMac, outer),
                        Routes.via(plan.agents(), plan.uplink(), outer)));
        Links.awaitPassing(fence.route(), Names.UPLINK);
        Links.awaitPassing(host.route(), settings.hostInterface());
        fence.route().execute(List.of(Routes.via(EVERYWHERE, AddressPlan.NEXT_HOP, inner)));
        host.transaction(Rules.host(settings.hostTable(), plan));
        allowForwarding();
    }

    /** Removes the host's part; the fence's end of the pair goes with the host's. */
    static void remove(LinuxFenceSettings settings, Place host) throws IOException {
        new Uplink(settings, new AddressPlan(EVERYWHERE, EVERYWHERE), host, host).removePair(host.route());
        host.transaction(Rules.deleteHost(settings.hostTable()));
        restoreForwarding(settings, host);
    }

    private boolean standing() throws NetlinkException {
        return Links.find(host.route(), settings.hostInterface()).isPresent()
                && Links.find(fence.route(), Names.UPLINK).isPresent()
                && Addresses.all(fence.route()).equals(List.of(plan.uplink()));
    }

    private void create() throws NetlinkException {
        host.route()
                .execute(List.of(Links.createPair(
                        new Links.End(
                                settings.hostInterface(), MacAddress.derived(1, plan.uplink()), OptionalInt.empty()),
                        new Links.End(
                                Names.UPLINK,
                                MacAddress.derived(2, plan.uplink()),
                                OptionalInt.of(fence.namespace().descriptor())),
                        settings.mtu())));
    }

    private void removePair(NetlinkSocket hostRoute) throws NetlinkException {
        try {
            hostRoute.execute(List.of(Links.delete(settings.hostInterface())));
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
                        "look up the interface " + name, NetlinkException.ENODEV, "it vanished", ""));
    }

    /** Written down first, so that a crash in between can't make 1 look like the machine's own setting. */
    private void allowForwarding() throws IOException {
        if (host.sysctl(IP_FORWARD).equals("0")) {
            Files.createDirectories(settings.runDirectory());
            Files.writeString(settings.forwardingRecord(), "0\n");
            host.sysctl(IP_FORWARD, "1");
        }
    }

    /** Another fence on this machine may still need it; then it stays, to the last. */
    private static void restoreForwarding(LinuxFenceSettings settings, Place host) throws IOException {
        if (!Files.exists(settings.forwardingRecord())) {
            return;
        }
        Optional<Link> other = Links.all(host.route()).stream()
                .filter(link -> link.name().startsWith(Names.HOST_INTERFACE_PREFIX))
                .findFirst();
        if (other.isEmpty()) {
            host.sysctl(
                    IP_FORWARD, Files.readString(settings.forwardingRecord()).strip());
        }
        Files.deleteIfExists(settings.forwardingRecord());
    }
}
