package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.api.v1alpha1.Architecture;
import dev.agentcontainers.api.v1alpha1.OperatingSystem;
import dev.agentcontainers.nodeagent.platform.MachineFacts;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;

/** A service on a real socket, whose runs are fakes. */
final class TestService implements AutoCloseable {
    static final MachineFacts MACHINE = new MachineFacts(
            OperatingSystem.linux, Architecture.amd64, "6.1", "Debian", 4000, 1L << 30, 8L << 30, 4000, "boot");

    private final Path socket;
    private final RunService service;
    private final FakeRuns runs = new FakeRuns();

    /** A client's connection. */
    record Client(SocketChannel channel, MessageChannel<ServiceMessage> messages) implements AutoCloseable {
        /** Asks for a run. */
        void request(String namespace, String... manifests) throws IOException {
            messages.send(new ClientMessage.Run(
                    namespace,
                    List.of(manifests).stream()
                            .map(yaml -> new ClientMessage.Manifest("agent.yaml", yaml))
                            .toList()));
        }

        /** What it is told last. */
        ServiceMessage last() throws IOException {
            ServiceMessage last = messages.receive().orElseThrow();
            while (!(last instanceof ServiceMessage.Refused) && !(last instanceof ServiceMessage.Ended)) {
                last = messages.receive().orElseThrow();
            }
            return last;
        }

        String refusal() throws IOException {
            return last() instanceof ServiceMessage.Refused refused ? refused.text() : "not refused";
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private TestService(Path socket, ConnectionLimits limits) throws IOException {
        this.socket = socket;
        ServiceSettings settings = new ServiceSettings(socket, "nobody's", 3, 2, 50, List.of("192.0.2.1"));
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        this.service = new RunService(settings, limits, new Share(settings, MACHINE), runs, listener);
    }

    static TestService start(Path folder, ConnectionLimits limits) throws IOException {
        TestService started = new TestService(folder.resolve("node.sock"), limits);
        started.service.serve();
        return started;
    }

    RunService service() {
        return service;
    }

    FakeRuns runs() {
        return runs;
    }

    Client connect() throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        return new Client(channel, new MessageChannel<>(channel, ServiceMessage.class, ServiceMessage.MAXIMUM_LENGTH));
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
