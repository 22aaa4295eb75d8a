package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Forwarding of IPv4 on the host. Where the machine forwards by itself, nothing is touched. Elsewhere the switch of the
 * whole machine stays off, so that whoever relies on it later (a container engine) sees it so and sets it up in its own
 * way; forwarding is switched on at the uplink and at each interface with an address, because the kernel asks the one
 * that a packet came in by, and answers come in by them. What else they could forward now is dropped by the host's table
 * ({@link Rules#host}).
 *
 * <p>What was switched on is written down first, in a file that all fences of the host share: the last one restores.
 * A fence has its uplink before it looks at the record and looks at it again after it lost that, each under the record's
 * lock: so one that goes while another comes either sees that one or is seen by it.
 */
final class Forwarding {
    private static final String WHOLE_MACHINE = "ipv4/ip_forward";
    private static final String ON = "1";

    private final LinuxFenceSettings settings;
    private final Place host;
    private final SharedRecord record;

    Forwarding(LinuxFenceSettings settings, Place host) throws IOException {
        this.settings = settings;
        this.host = host;
        this.record =
                new SharedRecord(settings.forwardingRecord(host.namespace().identity()));
    }

    /**
     * Decides where it is to be switched on, and writes it down. The fence's uplink must be there.
     *
     * @return interfaces at which it is only for the sake of fences; none while the whole machine forwards
     */
    Set<String> plan() throws IOException {
        return record.alone(() -> {
            if (host.sysctl(WHOLE_MACHINE).equals(ON)) {
                return Set.of();
            }
            Set<String> names = record.names();
            boolean more = false;
            for (String name : ways()) {
                more |= !isOn(name) && names.add(name);
            }
            if (more) {
                record.write(names);
            }
            return names;
        });
    }

    /** @return whether something was switched on */
    boolean ensure() throws IOException {
        return record.alone(() -> {
            if (host.sysctl(WHOLE_MACHINE).equals(ON)) {
                return false;
            }
            boolean changed = switchOn(settings.hostInterface());
            for (String name : record.names()) {
                changed |= switchOn(name);
            }
            return changed;
        });
    }

    /** To be called when this fence's uplink is gone. */
    void restore() throws IOException {
        record.alone(() -> {
            if (Links.all(host.route()).stream()
                    .anyMatch(link -> link.name().startsWith(Names.HOST_INTERFACE_PREFIX))) {
                return false;
            }
            if (!host.sysctl(WHOLE_MACHINE).equals(ON)) {
                for (String name : record.names()) {
                    host.sysctl(setting(name), "0");
                }
            }
            record.delete();
            return true;
        });
    }

    /** By which interfaces agents' packets may leave, and their answers come: those that have an address. */
    private List<String> ways() throws IOException {
        Set<Integer> withAddress = Addresses.interfaces(host.route());
        List<String> ways = new ArrayList<>();
        for (Link link : Links.all(host.route())) {
            if (withAddress.contains(link.index())
                    && !link.name().equals("lo")
                    && !link.name().startsWith(Names.HOST_INTERFACE_PREFIX)) {
                ways.add(link.name());
            }
        }
        return ways;
    }

    private boolean isOn(String name) throws IOException {
        return host.sysctl(setting(name)).equals(ON);
    }

    private boolean switchOn(String name) throws IOException {
        if (Links.find(host.route(), name).isEmpty() || isOn(name)) {
            return false;
        }
        host.sysctl(setting(name), ON);
        return true;
    }

    private static String setting(String interfaceName) {
        return "ipv4/conf/" + interfaceName + "/forwarding";
    }
}
