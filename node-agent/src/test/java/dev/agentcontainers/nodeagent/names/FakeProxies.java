package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.names.NodeMessage;
import dev.agentcontainers.protocol.names.ProxyMessage.Alive;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Proxies that are threads of this process, each of which speaks to the keeper as the real one does. */
final class FakeProxies implements ProxyPrograms {
    static final Hello BUILD = new Hello("build", "fence");

    private final Path socket;
    private final List<String> events;
    private final List<NodeMessage> told = new CopyOnWriteArrayList<>();
    private final AtomicInteger started = new AtomicInteger();
    private volatile Optional<SocketChannel> running = Optional.empty();
    private volatile boolean hanging;
    private volatile boolean reading = true;

    FakeProxies(Path folder, List<String> events) {
        this.socket = folder.resolve("socket");
        this.events = events;
    }

    int started() {
        return started.get();
    }

    List<NodeMessage> told() {
        return List.copyOf(told);
    }

    /** From now on it takes what it is told and answers nothing. */
    void hang() {
        hanging = true;
    }

    /** From now on it takes nothing, as a process that was stopped. */
    void stop() {
        reading = false;
    }

    /** One that an earlier node agent has left. */
    void run(Hello as) throws IOException {
        SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX);
        running = Optional.of(connection);
        Thread.ofVirtual().start(() -> speak(connection, as));
    }

    private void speak(SocketChannel connection, Hello as) {
        try {
            while (!Files.exists(socket)) {
                Thread.onSpinWait();
            }
            connection.connect(UnixDomainSocketAddress.of(socket));
            MessageChannel<NodeMessage> messages =
                    new MessageChannel<>(connection, NodeMessage.class, NodeMessage.MAXIMUM_LENGTH);
            messages.send(as);
            while (reading) {
                Optional<NodeMessage> message = messages.receive();
                if (message.isEmpty()) {
                    return;
                }
                told.add(message.get());
                if (message.get() instanceof NodeMessage.Configure configure) {
                    events.add("told " + configure.upstreams());
                } else if (!hanging) {
                    messages.send(new Alive());
                }
            }
        } catch (IOException e) {
            // Killed, or sent away.
        }
    }

    @Override
    public ServerSocketChannel listen(long user) throws IOException {
        Path beside = socket.resolveSibling("beside");
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(beside));
        Files.move(beside, socket);
        return listener;
    }

    @Override
    public boolean isProxy(SocketChannel peer) {
        return true;
    }

    @Override
    public String build() {
        return BUILD.build();
    }

    @Override
    public String fence() {
        return BUILD.fence();
    }

    @Override
    public boolean isRunning() {
        return running.isPresent();
    }

    @Override
    public void start(NameServerSockets sockets, long user) throws IOException {
        events.add("started as " + user);
        started.incrementAndGet();
        hanging = false;
        reading = true;
        run(BUILD);
    }

    @Override
    public void kill() throws IOException {
        if (running.isPresent()) {
            events.add("killed");
            running.get().close();
        }
        running = Optional.empty();
    }
}
