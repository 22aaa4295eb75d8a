package dev.agentcontainers.nodeagent.linux.fence;

import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.nftables.Nftables;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A network namespace in which the fence works, with a thread, sockets and nftables of its own there. */
final class Place implements AutoCloseable {
    private final NetworkNamespace namespace;
    private final NamespaceThread thread;
    private final NetlinkSocket route;
    private final NetlinkSocket filter;
    private final Nftables nftables;

    private Place(
            NetworkNamespace namespace,
            NamespaceThread thread,
            NetlinkSocket route,
            NetlinkSocket filter,
            Nftables nftables) {
        this.namespace = namespace;
        this.thread = thread;
        this.route = route;
        this.filter = filter;
        this.nftables = nftables;
    }

    /** Takes over {@code namespace}, closing it when this fails. */
    static Place open(FenceSystem system, NetworkNamespace namespace, String name) throws IOException {
        NamespaceThread thread;
        try {
            thread = NamespaceThread.in(namespace, name);
        } catch (IOException | RuntimeException e) {
            namespace.close();
            throw e;
        }
        try {
            return thread.call(() -> connect(system, namespace, thread));
        } catch (IOException | RuntimeException e) {
            thread.close();
            namespace.close();
            throw e;
        }
    }

    private static Place connect(FenceSystem system, NetworkNamespace namespace, NamespaceThread thread)
            throws IOException {
        NetlinkSocket route = system.netlink(NetlinkSocket.ROUTE);
        try {
            NetlinkSocket filter = system.netlink(NetlinkSocket.NETFILTER);
            try {
                return new Place(namespace, thread, route, filter, system.nftables());
            } catch (IOException | RuntimeException e) {
                filter.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            route.close();
            throw e;
        }
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    NamespaceThread thread() {
        return thread;
    }

    /** Interfaces, addresses, routes. */
    NetlinkSocket route() {
        return route;
    }

    /** Sets' elements and tracked connections. */
    NetlinkSocket filter() {
        return filter;
    }

    /** Runs nftables commands as one transaction. */
    void transaction(String commands) throws IOException {
        if (!commands.isBlank()) {
            thread.call(() -> {
                nftables.run(commands);
                return true;
            });
        }
    }

    /** Sets a network sysctl of this namespace. One that does not exist belongs to a protocol that is not there. */
    void sysctl(String name, String value) throws IOException {
        thread.call(() -> {
            writeSysctl(name, value);
            return true;
        });
    }

    /** Reads a network sysctl of this namespace. */
    String sysctl(String name) throws IOException {
        return thread.call(() -> read(path(name)));
    }

    /** The same; empty where there is none of that name. */
    Optional<String> sysctlIfThere(String name) throws IOException {
        return thread.call(() -> Files.exists(path(name)) ? Optional.of(read(path(name))) : Optional.empty());
    }

    /** In one piece: behind a number's first byte the kernel has nothing more to give. */
    private static String read(Path setting) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(setting)) {
            return String.valueOf(reader.readLine()).strip();
        }
    }

    /** For the namespace of the calling thread. */
    static void writeSysctl(String name, String value) throws IOException {
        if (Files.exists(path(name)) && !read(path(name)).equals(value)) {
            Files.writeString(path(name), value);
        }
    }

    private static Path path(String name) {
        return Path.of("/proc/sys/net").resolve(name);
    }

    @Override
    public void close() {
        route.close();
        filter.close();
        try {
            thread.call(() -> {
                nftables.close();
                return true;
            });
        } catch (IOException e) {
            throw new IllegalStateException("closing nftables failed", e);
        } finally {
            thread.close();
            namespace.close();
        }
    }
}
