package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.bpf.ForwardOnly;
import dev.agentcontainers.nodeagent.linux.namespace.SystemCallException;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkException;
import dev.agentcontainers.nodeagent.linux.netlink.TrafficFilters;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps agents from the node itself, at the host's end of the uplink: a program that stands before the host's nftables
 * and needs neither them, nor a list of addresses, nor this process. Not thread-safe.
 */
final class LocalGuard {
    private final FenceSystem system;
    private final Place host;
    private Optional<String> unavailable = Optional.empty();

    /** EAGAIN (bpf(2): a signal came while the program was checked), ENOMEM, ENFILE, EMFILE: tried again with the next repair. */
    private static final Set<Integer> PASSING = Set.of(11, 12, 23, 24);

    LocalGuard(FenceSystem system, Place host) {
        this.system = system;
        this.host = host;
    }

    /** @return whether it was missing */
    boolean ensure(int index, String interfaceName) throws IOException {
        if (unavailable.isPresent()) {
            return false;
        }
        try {
            prepare(index, interfaceName);
            if (TrafficFilters.attached(host.route(), index).contains(ForwardOnly.NAME)) {
                return false;
            }
            attach(index, interfaceName);
            return true;
        } catch (SystemCallException e) {
            if (PASSING.contains(e.errno())) {
                throw new IOException(e);
            }
            unavailable = Optional.of(String.valueOf(e.getMessage()));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.ENOENT && e.errno() != NetlinkException.EOPNOTSUPP) {
                throw e;
            }
            unavailable = Optional.of(String.valueOf(e.getMessage()));
        }
        return false;
    }

    /** Why this kernel can't have it; empty where it does. */
    Optional<String> unavailable() {
        return unavailable;
    }

    private void prepare(int index, String interfaceName) throws NetlinkException {
        try {
            host.route().execute(List.of(TrafficFilters.prepare(index, interfaceName)));
        } catch (NetlinkException e) {
            if (e.errno() != NetlinkException.EEXIST) {
                throw e;
            }
        }
    }

    private void attach(int index, String interfaceName) throws IOException {
        int program = system.programs().load(ForwardOnly.program(), ForwardOnly.NAME);
        try {
            host.route().execute(List.of(TrafficFilters.attach(index, interfaceName, program, ForwardOnly.NAME)));
        } finally {
            system.programs().close(program);
        }
    }
}
