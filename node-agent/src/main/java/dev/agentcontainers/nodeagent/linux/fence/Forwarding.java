package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.Links.Link;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Forwarding of IPv4 on the host. Where the machine forwards by itself, nothing is touched. Elsewhere the switch of the
 * whole machine stays off, so that whoever relies on it later (a container engine) sees it so and sets it up in its own
 * way; forwarding is switched on at the uplink and at each interface with an address, because the kernel asks the one
 * that a packet came in by, and answers come in by them. What else they could forward now is dropped by the host's table
 * ({@link Rules#host}).
 *
 * <p>What was switched on is written down first, in a file that all fences of the host share: the last one restores.
 */
final class Forwarding {
    private static final String WHOLE_MACHINE = "ipv4/ip_forward";
    private static final String ON = "1";
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    private final LinuxFenceSettings settings;
    private final Place host;
    private final Path record;

    Forwarding(LinuxFenceSettings settings, Place host) throws IOException {
        this.settings = settings;
        this.host = host;
        this.record = settings.forwardingRecord(host.namespace().identity());
    }

    /**
     * Decides where it is to be switched on, and writes it down.
     *
     * @return interfaces at which it is only for the sake of fences; none while the whole machine forwards
     */
    Set<String> plan() throws IOException {
        if (host.sysctl(WHOLE_MACHINE).equals(ON)) {
            return Set.of();
        }
        for (String name : ways()) {
            if (!isOn(name)) {
                remember(name);
            }
        }
        return recorded();
    }

    /** @return whether something was switched on */
    boolean ensure() throws IOException {
        if (host.sysctl(WHOLE_MACHINE).equals(ON)) {
            return false;
        }
        boolean changed = switchOn(settings.hostInterface());
        for (String name : recorded()) {
            changed |= switchOn(name);
        }
        return changed;
    }

    /** To be called when this fence's uplink is gone. */
    void restore() throws IOException {
        if (Links.all(host.route()).stream().anyMatch(link -> link.name().startsWith(Names.HOST_INTERFACE_PREFIX))) {
            return;
        }
        alone(() -> {
            if (!host.sysctl(WHOLE_MACHINE).equals(ON)) {
                for (String name : recorded()) {
                    host.sysctl(setting(name), "0");
                }
            }
            Files.deleteIfExists(record);
        });
        Files.deleteIfExists(lock());
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

    private Set<String> recorded() throws IOException {
        return Files.exists(record) ? new TreeSet<>(Files.readAllLines(record)) : new TreeSet<>();
    }

    private void remember(String name) throws IOException {
        alone(() -> {
            Set<String> names = recorded();
            if (names.add(name)) {
                Files.write(record, names);
            }
        });
    }

    private interface Work {
        void run() throws IOException;
    }

    /** Other node agents of this machine have the same record. */
    private void alone(Work work) throws IOException {
        IN_THIS_PROCESS.lock();
        try {
            Files.createDirectories(lock().getParent());
            try (FileChannel channel = FileChannel.open(lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var _ = channel.lock()) {
                work.run();
            }
        } finally {
            IN_THIS_PROCESS.unlock();
        }
    }

    private Path lock() {
        return record.resolveSibling(record.getFileName() + ".lock");
    }
}
