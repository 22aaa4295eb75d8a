package dev.agentcontainers.nodeagent.linux.fence;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a node agent's fence stands on its machine; two node agents on one machine differ in all but the directories.
 *
 * @param name name of the fence's network namespace, as {@code ip netns} shows it: 1 to 40 lower-case letters, digits
 *     and hyphens
 * @param hostNamespace network namespace that takes the host's part; empty for the one of the thread that opens the
 *     fence
 * @param namespaceDirectory where named network namespaces are pinned
 * @param runDirectory for what may vanish with a reboot
 * @param mtu of the agents' interfaces and the uplink, in bytes, 1280 to 65535
 * @param guarded whether a packet program, which only root may load, keeps agents from the host's own addresses too
 */
public record LinuxFenceSettings(
        String name,
        Optional<Path> hostNamespace,
        Path namespaceDirectory,
        Path runDirectory,
        int mtu,
        boolean guarded) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
    private static final int ETHERNET = 1500;

    public LinuxFenceSettings {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "fence name '" + name + "' must be 1 to 40 lower-case letters, digits and hyphens");
        }
        if (mtu < 1280 || mtu > 65535) {
            throw new IllegalArgumentException("mtu " + mtu + " must be 1280 to 65535");
        }
    }

    /** With a packet program. */
    public LinuxFenceSettings(
            String name, Optional<Path> hostNamespace, Path namespaceDirectory, Path runDirectory, int mtu) {
        this(name, hostNamespace, namespaceDirectory, runDirectory, mtu, true);
    }

    /** Without a packet program: for a host's part that is a network namespace of an ordinary user's, where the host is not. */
    public LinuxFenceSettings unguarded() {
        return new LinuxFenceSettings(name, hostNamespace, namespaceDirectory, runDirectory, mtu, false);
    }

    /** The same with the host's part in another network namespace. */
    public LinuxFenceSettings at(Path host) {
        return new LinuxFenceSettings(name, Optional.of(host), namespaceDirectory, runDirectory, mtu, guarded);
    }

    /** The only fence of a machine, in its own network namespace. */
    public static LinuxFenceSettings defaults() {
        return new LinuxFenceSettings(
                "agentfence", Optional.empty(), Path.of("/run/netns"), Path.of("/run/agentcontainers"), ETHERNET);
    }

    /** Name of the host's end of the uplink: at most 15 characters, the same at each start. */
    String hostInterface() {
        return Names.HOST_INTERFACE_PREFIX + Names.digest(name, 8);
    }

    /** Name of the table that the fence has in the host's own nftables. */
    String hostTable() {
        return "agentcontainers_" + name.replace('-', '_');
    }

    /** Name of the table there that holds the egress proxy to what it may send. */
    String proxyTable() {
        return hostTable() + "_proxy";
    }

    /** Where is remembered, by all fences of a host, at which interfaces they switched on forwarding. */
    Path forwardingRecord(String hostNamespace) {
        return namespaceDirectory.resolveSibling("agentcontainers-forwarding-" + hostNamespace.replace(':', '-'));
    }
}
