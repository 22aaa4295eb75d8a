package dev.agentcontainers.nodeagent.linux.tap;

import dev.agentcontainers.nodeagent.linux.bpf.LinuxPacketPrograms;
import dev.agentcontainers.nodeagent.linux.bpf.PacketPrograms;
import dev.agentcontainers.nodeagent.linux.bpf.Redirection;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import dev.agentcontainers.nodeagent.linux.netlink.LinuxNetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.TrafficFilters;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Puts the network card of a virtual machine in the place of an agent's interface: every frame that comes in by that one goes out
 * by the card's tap, and the other way round. So the machine has the agent's address, and the other end of the interface, with all
 * that guards it, knows nothing of it. The namespace's own IP stack sees none of these frames.
 */
public final class TapLink {
    /** Of the tap in the agent's namespace. */
    public static final String TAP = "tap0";

    private static final String INTERFACE = "eth0";

    private final TapCalls taps;
    private final PacketPrograms programs;

    public TapLink() {
        this(TapCalls.ofThisMachine(), new LinuxPacketPrograms());
    }

    TapLink(TapCalls taps, PacketPrograms programs) {
        this.taps = taps;
        this.programs = programs;
    }

    /**
     * Makes it, or what an earlier attempt has left out. No effect in a namespace without the agent's interface.
     *
     * @param pid of a process in the namespace
     * @param owner user of the host's who may open the tap
     */
    public void make(long pid, long owner) throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.ofProcess(new LinuxNamespaceCalls(), pid);
                NamespaceThread inside = NamespaceThread.in(namespace, "tap of " + pid)) {
            inside.call(() -> {
                try (NetlinkSocket route = LinuxNetlinkSocket.open(NetlinkSocket.ROUTE)) {
                    Optional<Link> agent = Links.find(route, INTERFACE);
                    if (agent.isPresent()) {
                        make(route, agent.get(), owner);
                    }
                }
                return true;
            });
        }
    }

    private void make(NetlinkSocket route, Link agent, long owner) throws IOException {
        if (Links.find(route, TAP).isEmpty()) {
            taps.create(TAP, owner);
        }
        Link tap = Links.find(route, TAP).orElseThrow(() -> new IOException(TAP + " is gone as it was made"));
        route.execute(List.of(Links.up(tap.index(), TAP)));
        redirect(route, tap, agent);
        redirect(route, agent, tap);
    }

    private void redirect(NetlinkSocket route, Link from, Link to) throws IOException {
        try {
            route.execute(List.of(TrafficFilters.prepare(from.index(), from.name())));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.EEXIST) {
                throw e;
            }
        }
        if (TrafficFilters.attached(route, from.index()).contains(Redirection.name(to.index()))) {
            return;
        }
        int program = programs.load(Redirection.program(to.index()), Redirection.name(to.index()));
        try {
            route.execute(
                    List.of(TrafficFilters.attach(from.index(), from.name(), program, Redirection.name(to.index()))));
        } finally {
            programs.close(program);
        }
    }
}
