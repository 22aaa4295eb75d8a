package dev.agentcontainers.cli.fleet;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.agentcontainers.cli.process.ExternalCommand;
import dev.agentcontainers.nodeagent.linux.namespace.LinuxNamespaceCalls;
import dev.agentcontainers.nodeagent.linux.namespace.NamespaceThread;
import dev.agentcontainers.nodeagent.linux.namespace.NetworkNamespace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;

/**
 * A TCP service of the test behind a link of its own, outside this machine as far as an agent can tell. Serves one
 * connection, by lines.
 */
final class LineService implements AutoCloseable {
    static final String ADDRESS = "198.51.100.30";
    static final int PORT = 8080;
    private static final String GATEWAY = "198.51.100.29";
    private static final String NAME = "actest-lines";

    private final ServerSocket listener;

    private LineService(ServerSocket listener) {
        this.listener = listener;
    }

    static LineService start() throws IOException {
        ip("netns", "add", NAME);
        ip("link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", NAME);
        ip("address", "add", GATEWAY + "/32", "dev", NAME);
        ip("link", "set", NAME, "up");
        ip("route", "replace", ADDRESS + "/32", "dev", NAME);
        ip("-n", NAME, "address", "add", ADDRESS + "/32", "dev", "eth0");
        ip("-n", NAME, "link", "set", "eth0", "up");
        ip("-n", NAME, "route", "add", "default", "via", GATEWAY, "dev", "eth0", "onlink");
        try (NetworkNamespace namespace =
                        NetworkNamespace.open(new LinuxNamespaceCalls(), Path.of("/run/netns", NAME));
                NamespaceThread inside = NamespaceThread.in(namespace, NAME)) {
            // A socket stays in the namespace that it was made in.
            return new LineService(inside.call(() -> new ServerSocket(PORT, 1, InetAddress.getByName(ADDRESS))));
        }
    }

    /** The agent's connection. */
    record Flow(Socket socket, BufferedReader lines) {
        /** What the agent answers to a line. */
        String ask(String line) throws IOException {
            socket.getOutputStream().write((line + "\n").getBytes(UTF_8));
            return String.valueOf(lines.readLine());
        }
    }

    Flow accept() throws IOException {
        listener.setSoTimeout(30_000);
        Socket socket = listener.accept();
        socket.setSoTimeout(30_000);
        return new Flow(socket, new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)));
    }

    private static void ip(String... arguments) {
        ExternalCommand.of("ip").with(List.of(arguments)).run();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        ip("link", "delete", NAME);
        ip("netns", "delete", NAME);
    }
}
