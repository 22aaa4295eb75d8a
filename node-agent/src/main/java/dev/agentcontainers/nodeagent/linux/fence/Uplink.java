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
import dev.agentcontainers.nodeagent.linux.nftables.HostRules;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The fence's only way out: an interface pair to the host, routes at both ends, and on the host translation, forwarding
 * and what keeps agents from the host itself. Changes only what is not as it should be, since each change on the host
 * makes a notice that leads here again. Not thread-safe.
 */
final class Uplink {
    private static final String SYN_COOKIES = "ipv4/tcp_syncookies";
    private static final Ipv4Network EVERYWHERE = new Ipv4Network(new Ipv4(0), 0);

    private final LinuxFenceSettings settings;
    private final AddressPlan plan;
    private final Place host;
    private final Place fence;
    private final HostTable table;
    private final Forwarding forwarding;
    private final Optional<LocalGuard> guard;

    Uplink(LinuxFenceSettings settings, AddressPlan plan, Place host, Place fence, FenceSystem system)
            throws IOException {
        this.settings = settings;
        this.plan = plan;
        this.host = host;
        this.fence = fence;
        this.table = new HostTable(host, HostRules.Family.IP, settings.hostTable());
        this.forwarding = new Forwarding(settings, host);
        this.guard = settings.guarded() ? Optional.of(new LocalGuard(system, host)) : Optional.empty();
    }

    /**
     * Makes what is missing and leaves what is right, without interrupting traffic. What keeps agents from the host comes
     * before the way out.
     *
     * @return what was not as it should be
     */
    List<String> ensure() throws IOException {
        List<String> repaired = new ArrayList<>();
        setUpFence();
        if (!standing()) {
            remove(settings, host.route());
            create();
            repaired.add("the uplink " + settings.hostInterface() + " was missing");
        }
        int outer = index(host.route(), settings.hostInterface());
        if (guard.isPresent() && guard.get().ensure(outer, settings.hostInterface())) {
            repaired.add("the guard of the node's own addresses was missing at " + settings.hostInterface());
        }
        if (table.ensure(Rules.host(settings.hostTable(), plan, forwarding.plan()))) {
            repaired.add("the host's nftables table " + settings.hostTable() + " was missing or changed");
        }
        if (forwarding.ensure()) {
            repaired.add("forwarding was off");
        }
        repaired.addAll(connect(outer));
        return repaired;
    }

    /** What keeps agents' packets from passing the host, or makes its protection weaker, and what to do about it. */
    List<String> warnings() throws IOException {
        List<String> warnings = new ArrayList<>();
        for (HostRules.Dropping chain : new HostRules(host.filter()).droppingForwarded(Names.HOST_INTERFACE_PREFIX)) {
            warnings.add(Hindrance.describe(chain, settings.hostInterface()));
        }
        guard.flatMap(LocalGuard::unavailable)
                .ifPresent(why -> warnings.add("this kernel can't guard the node's own addresses by a packet program"
                        + " (CONFIG_BPF_SYSCALL, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF), so that only the fence's"
                        + " list of them and the host's nftables do: " + why));
        if (!fence.sysctlIfThere(SYN_COOKIES).equals(Optional.of("1"))) {
            warnings.add(
                    "this kernel has no SYN cookies (CONFIG_SYN_COOKIES), so that an agent that begins many connections to"
                            + " the node's proxy, and finishes none, can keep others' out while it does");
        }
        return warnings;
    }

    private void setUpFence() throws IOException {
        fence.sysctl("ipv6/conf/all/disable_ipv6", "1");
        fence.sysctl("ipv6/conf/default/disable_ipv6", "1");
        fence.sysctl("ipv4/ip_forward", "1");
        // Agents share the queues of those that listen here: a full one must not keep others' connections out.
        fence.sysctl(SYN_COOKIES, "1");
        // Refusals are limited per agent by the rules; the kernel's limit would leave programs waiting after six.
        fence.sysctl("ipv4/icmp_ratemask", "0");
    }

    private List<String> connect(int outer) throws IOException {
        List<String> repaired = new ArrayList<>();
        MacAddress hostMac = MacAddress.derived(1, plan.uplink());
        MacAddress fenceMac = MacAddress.derived(2, plan.uplink());
        int inner = index(fence.route(), Names.UPLINK);
        host.sysctl("ipv6/conf/" + settings.hostInterface() + "/disable_ipv6", "1");
        fence.route()
                .execute(List.of(
                        Links.label(inner, Names.UPLINK, "agentcontainers uplink"),
                        Addresses.add(inner, plan.uplink()),
                        Links.upWithoutArp(inner, Names.UPLINK),
                        Routes.neighbour(AddressPlan.HOST, hostMac, inner)));
        if (!labelledAndUp()) {
            host.route()
                    .execute(List.of(
                            Links.label(outer, settings.hostInterface(), label()),
                            Links.upWithoutArp(outer, settings.hostInterface())));
            repaired.add("the uplink " + settings.hostInterface() + " was not up");
        }
        host.route().execute(List.of(Routes.neighbour(plan.uplink(), fenceMac, outer)));
        if (!Routes.leads(host.route(), plan.firstAgent(), plan.uplink(), outer)) {
            host.route().execute(List.of(Routes.via(plan.agents(), plan.uplink(), outer)));
            repaired.add("the host had no route to " + plan.agents());
        }
        Links.awaitPassing(fence.route(), Names.UPLINK);
        Links.awaitPassing(host.route(), settings.hostInterface());
        fence.route()
                .execute(List.of(
                        Routes.via(EVERYWHERE, AddressPlan.HOST, inner),
                        // Last: it was the next hop of the fence in earlier versions, which an own address can't be.
                        Addresses.addUnchosen(index(fence.route(), "lo"), AddressPlan.NEXT_HOP)));
        return repaired;
    }

    private String label() {
        return "agentcontainers " + settings.name();
    }

    private boolean labelledAndUp() throws NetlinkException {
        return Links.find(host.route(), settings.hostInterface())
                .filter(link -> link.up() && link.alias().equals(label()))
                .isPresent();
    }

    /** Removes the host's part; the fence's end of the pair goes with the host's. */
    static void remove(LinuxFenceSettings settings, Place host) throws IOException {
        remove(settings, host.route());
        host.transaction(Rules.deleteHost(settings.hostTable()));
        new Forwarding(settings, host).restore();
    }

    private boolean standing() throws NetlinkException {
        return Links.find(host.route(), settings.hostInterface()).isPresent()
                && Links.find(fence.route(), Names.UPLINK).isPresent()
                && Addresses.all(fence.route()).stream()
                        .filter(address -> !address.equals(AddressPlan.NEXT_HOP))
                        .toList()
                        .equals(List.of(plan.uplink()));
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

    private static void remove(LinuxFenceSettings settings, NetlinkSocket hostRoute) throws NetlinkException {
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
}
