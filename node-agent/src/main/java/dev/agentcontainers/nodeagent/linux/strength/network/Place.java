package dev.agentcontainers.nodeagent.linux.strength.network;

import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import dev.agentcontainers.nodeagent.linux.netlink.Addresses;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4;
import dev.agentcontainers.nodeagent.linux.netlink.Ipv4Network;
import dev.agentcontainers.nodeagent.linux.netlink.Links;
import dev.agentcontainers.nodeagent.linux.netlink.LinuxNetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.MacAddress;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkMessage;
import dev.agentcontainers.nodeagent.linux.netlink.NetlinkSocket;
import dev.agentcontainers.nodeagent.linux.netlink.Routes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** A network namespace with a thread in it. One that was made here has no path, and ends with this process. */
final class Place implements AutoCloseable {
    private static final NamespaceCalls CALLS = new LinuxNamespaceCalls();
    private static final Ipv4Network EVERYWHERE = new Ipv4Network(new Ipv4(0), 0);
    private static final String LOOPBACK = "lo";
    private static final String WIRE = "wire";
    private static final int MTU = 1500;

    private final NetworkNamespace namespace;
    private final NamespaceThread thread;

    /** Takes over {@code namespace}, closing it when this fails. */
    private Place(NetworkNamespace namespace, String name) throws IOException {
        this.namespace = namespace;
        try {
            thread = NamespaceThread.in(namespace, name);
        } catch (IOException | RuntimeException e) {
            namespace.close();
            throw e;
        }
    }

    static Place make(String name) throws IOException {
        try (NetworkNamespace current = NetworkNamespace.current(CALLS);
                NamespaceThread maker = NamespaceThread.in(current, "make " + name)) {
            return new Place(
                    maker.call(() -> {
                        CALLS.unshareNetwork();
                        return NetworkNamespace.current(CALLS);
                    }),
                    name);
        }
    }

    static Place of(Path path, String name) throws IOException {
        return new Place(NetworkNamespace.open(CALLS, path), name);
    }

    /** For this process, while this is open. */
    Path path() {
        return Path.of("/proc/self/fd/" + namespace.descriptor());
    }

    <T> T call(Callable<T> work) throws IOException {
        return thread.call(work);
    }

    /** Runs it in the network namespace of a process. */
    <T> T visit(long pid, Callable<T> work) throws IOException {
        try (NetworkNamespace its = NetworkNamespace.ofProcess(CALLS, pid)) {
            return thread.visit(its, work);
        }
    }

    /** The thread in it, as the kernel numbers it. */
    long thread() throws IOException {
        return thread.call(() -> Long.parseLong(Files.readSymbolicLink(Path.of("/proc/thread-self"))
                .getFileName()
                .toString()));
    }

    /** Number of an interface of the calling thread's namespace. */
    static int index(String name) throws IOException {
        try (NetlinkSocket route = LinuxNetlinkSocket.open(NetlinkSocket.ROUTE)) {
            return index(route, name);
        }
    }

    private static int index(NetlinkSocket route, String name) throws IOException {
        return Links.find(route, name)
                .map(Links.Link::index)
                .orElseThrow(() -> new IOException("there is no interface " + name));
    }

    /** Lays a wire from here, where everything goes by it that is not at home, to another place, where only this is beyond it. */
    void lay(Ipv4 here, Place other, Ipv4 there) throws IOException {
        MacAddress near = MacAddress.derived(1, here);
        MacAddress far = MacAddress.derived(2, there);
        change(route -> List.of(Links.createPair(
                new Links.End(WIRE, near, OptionalInt.empty()),
                new Links.End(WIRE, far, OptionalInt.of(other.namespace.descriptor())),
                MTU)));
        raise(here);
        other.raise(there);
        change(route -> List.of(
                Routes.neighbour(there, far, index(route, WIRE)), Routes.via(EVERYWHERE, there, index(route, WIRE))));
        other.change(route ->
                List.of(Routes.neighbour(here, near, index(route, WIRE)), Routes.direct(here, index(route, WIRE))));
        for (Place end : List.of(this, other)) {
            end.call(() -> {
                try (NetlinkSocket route = LinuxNetlinkSocket.open(NetlinkSocket.ROUTE)) {
                    Links.awaitPassing(route, WIRE);
                }
                return true;
            });
        }
    }

    private void raise(Ipv4 address) throws IOException {
        change(route -> List.of(
                Links.up(index(route, LOOPBACK), LOOPBACK),
                Addresses.add(index(route, WIRE), address),
                Links.upWithoutArp(index(route, WIRE), WIRE)));
    }

    /** Has one more address of its own. */
    void take(Ipv4 address) throws IOException {
        change(route -> List.of(Addresses.add(index(route, LOOPBACK), address)));
    }

    private interface Change {
        List<NetlinkMessage> by(NetlinkSocket route) throws IOException;
    }

    private void change(Change change) throws IOException {
        thread.call(() -> {
            try (NetlinkSocket route = LinuxNetlinkSocket.open(NetlinkSocket.ROUTE)) {
                route.execute(change.by(route));
            }
            return true;
        });
    }

    /** Listens for TCP at all its addresses, and never waits. */
    ServerSocketChannel listen(int port) throws IOException {
        return thread.call(() -> {
            ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.INET);
            try {
                listener.bind(new InetSocketAddress(port)).configureBlocking(false);
                return listener;
            } catch (IOException e) {
                listener.close();
                throw e;
            }
        });
    }

    @Override
    public void close() {
        thread.close();
        namespace.close();
    }
}
