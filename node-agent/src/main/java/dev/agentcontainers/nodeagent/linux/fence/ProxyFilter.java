package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.fence.ResolvedDestination;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.nftables.HostRules;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Holds the egress proxy, a process in the host's network, to the resolvers that it is to ask and to what it is to relay to. What an earlier process wrote
 * stays as it is until this one is told of resolvers. Not thread-safe.
 */
final class ProxyFilter {
    private final LinuxFenceSettings settings;
    private final AddressPlan plan;
    private final HostTable table;
    private final ProxiedAddresses proxied;
    /** Read by another thread too, see {@link #open}. */
    private volatile Optional<String> wanted = Optional.empty();

    ProxyFilter(LinuxFenceSettings settings, AddressPlan plan, Place host) {
        this.settings = settings;
        this.plan = plan;
        this.table = new HostTable(host, HostRules.Family.INET, settings.proxyTable());
        this.proxied = new ProxiedAddresses(host.filter(), settings.proxyTable());
    }

    /** @return the user that is held to it */
    long confine(Collection<InetSocketAddress> resolvers) throws IOException {
        String commands = ProxyRules.table(settings.proxyTable(), plan.proxyUser(), resolvers);
        wanted = Optional.of(commands);
        ensure(commands);
        return plan.proxyUser();
    }

    /**
     * Lets the proxy begin connections to those of the destinations that it is to relay, where there was a proxy to confine. May
     * be called by one thread while another calls the other methods.
     */
    void open(Collection<ResolvedDestination> destinations) throws NetlinkException {
        if (wanted.isPresent()) {
            proxied.open(destinations.stream()
                    .filter(ResolvedDestination::intercepted)
                    .toList());
        }
    }

    long lastOpening() {
        return proxied.lastOpening();
    }

    /** Closes what is not held and was opened up to that opening. May be called as {@link #open}. */
    void closeBut(Set<ByteBuffer> held, long lastOpening) throws NetlinkException {
        proxied.closeBut(held, lastOpening);
    }

    /** Closes what is at these addresses, which nothing opens until others are closed. May be called as {@link #open}. */
    void close(NeverAllowed addresses) throws NetlinkException {
        proxied.close(addresses::contains);
    }

    /** Puts right what others have changed; what that was. */
    List<String> ensure() throws IOException {
        return wanted.isPresent() && ensure(wanted.get())
                ? List.of("the nftables table " + settings.proxyTable()
                        + ", which holds the egress proxy to its resolvers, was missing or changed")
                : List.of();
    }

    /** @return whether others had changed or removed it, and with it perhaps what was opened */
    private boolean ensure(String commands) throws IOException {
        boolean altered = table.ensure(commands);
        if (altered) {
            proxied.restore();
        }
        return altered;
    }

    static void remove(LinuxFenceSettings settings, Place host) throws IOException {
        host.transaction(ProxyRules.delete(settings.proxyTable()));
    }
}
