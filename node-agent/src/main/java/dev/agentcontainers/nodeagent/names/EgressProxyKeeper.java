package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node's egress proxy at work as soon as a group has names: takes over the one that an earlier node agent left where
 * it is of this build and this fence, starts it (again) where there is none, tells it whom it may answer. {@link #close}
 * leaves it as it is: it refuses then what would have to be opened. Thread-safe.
 */
public final class EgressProxyKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EgressProxyKeeper.class);

    /** How long an agent's start waits at most for a proxy that knows it. */
    private static final Duration NEWCOMER_WITHIN = Duration.ofSeconds(10);

    private static final Duration NEWCOMER_PAUSE = Duration.ofMillis(10);

    private final NamesFence fence;
    private final ProxyPrograms programs;
    private final NameSettings settings;
    private final NameAudit audit;
    private final Openings openings;
    private final Times times;
    private final Semaphore changes = new Semaphore(0);
    /** The one in use, and such that come or go. */
    private final Semaphore connections = new Semaphore(4);

    private final Thread keeper =
            Thread.ofPlatform().daemon().name("egress proxy").unstarted(this::keep);
    private volatile Optional<ProxyConnection> connection = Optional.empty();
    private volatile Optional<ServerSocketChannel> listener = Optional.empty();
    private volatile List<String> warnings = List.of();
    private volatile Optional<Configure> told = Optional.empty();
    private volatile Optional<ProxyConnection> toldWhom = Optional.empty();
    private Duration pause;

    /**
     * @param adoption how long one that runs may take to connect
     * @param start how long one that was started may take to
     * @param firstPause after a start that failed; doubled up to the last
     * @param look how often everything is looked after without a change
     */
    record Times(Duration adoption, Duration start, Duration firstPause, Duration lastPause, Duration look) {
        static final Times DEFAULT = new Times(
                Duration.ofSeconds(3),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofSeconds(30),
                Duration.ofSeconds(2));
    }

    public EgressProxyKeeper(NamesFence fence, ProxyPrograms programs, NameSettings settings, NameAudit audit) {
        this(fence, programs, settings, audit, Times.DEFAULT);
    }

    EgressProxyKeeper(NamesFence fence, ProxyPrograms programs, NameSettings settings, NameAudit audit, Times times) {
        this.fence = fence;
        this.programs = programs;
        this.settings = settings;
        this.audit = audit;
        this.times = times;
        this.pause = times.firstPause();
        NodeAddresses own = new NodeAddresses(System::nanoTime);
        this.openings = new Openings(fence, () -> fence.closed().and(own.now()), audit);
    }

    /** The fence must be open. */
    public EgressProxyKeeper start() {
        fence.onChange(changes::release);
        fence.onNewcomer(this::awaitKnown);
        keeper.start();
        return this;
    }

    /**
     * Gives the proxy, which the first agent with names has started, a while to know the agent: programs ask for names at
     * once, and take a first failure for the last word.
     */
    private void awaitKnown(String address) {
        long giveUp = System.nanoTime() + NEWCOMER_WITHIN.toNanos();
        while (keeper.isAlive() && System.nanoTime() - giveUp < 0 && !isKnown(address)) {
            try {
                Thread.sleep(NEWCOMER_PAUSE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private boolean isKnown(String address) {
        return isConnected()
                && toldWhom.equals(connection)
                && told.filter(all -> all.agents().containsKey(address)).isPresent();
    }

    /** Why names can't be resolved, where that is so. */
    public List<String> warnings() {
        return warnings;
    }

    private void keep() {
        try {
            while (true) {
                try {
                    look();
                    warnings = List.of();
                    pause = times.firstPause();
                    changes.tryAcquire(times.look().toMillis(), TimeUnit.MILLISECONDS);
                    changes.drainPermits();
                } catch (SandboxException | IOException | RuntimeException e) {
                    warn("agents can't resolve names: " + e.getMessage());
                    Thread.sleep(pause);
                    pause = pause.multipliedBy(2).compareTo(times.lastPause()) < 0
                            ? pause.multipliedBy(2)
                            : times.lastPause();
                }
            }
        } catch (InterruptedException e) {
            // The node agent ends; the proxy goes on.
        }
    }

    private void warn(String text) {
        if (!warnings.contains(text)) {
            LOG.warn("{}", text);
        }
        warnings = List.of(text);
    }

    private void look() throws SandboxException, IOException, InterruptedException {
        boolean running = programs.isRunning();
        if (!running
                && fence.groups().values().stream()
                        .allMatch(group -> group.names().isEmpty())) {
            return;
        }
        if (listener.isEmpty()) {
            ServerSocketChannel listening = programs.listen();
            listener = Optional.of(listening);
            Thread.ofPlatform().daemon().name("egress proxy socket").start(() -> accept(listening));
        }
        if (!running || !isConnectedWithin(times.adoption())) {
            programs.kill();
            try (NameServerSockets sockets = fence.nameServerSockets()) {
                programs.start(sockets);
            }
            if (!isConnectedWithin(times.start())) {
                programs.kill();
                throw new IOException("the egress proxy does not answer within %d s after its start"
                        .formatted(times.start().toSeconds()));
            }
            LOG.info("the egress proxy was started");
        }
        tell();
    }

    private boolean isConnectedWithin(Duration patience) throws IOException, InterruptedException {
        long giveUp = System.nanoTime() + patience.toNanos();
        while (!isConnected()) {
            long left = giveUp - System.nanoTime();
            if (left <= 0 || !programs.isRunning()) {
                return false;
            }
            changes.tryAcquire(Math.min(left, TimeUnit.MILLISECONDS.toNanos(100)), TimeUnit.NANOSECONDS);
        }
        return true;
    }

    private boolean isConnected() {
        return connection.filter(ProxyConnection::isOpen).isPresent();
    }

    /** Everything, where something of it is other than it was told last. */
    private void tell() throws IOException {
        Optional<ProxyConnection> to = connection;
        Configure now = configuration();
        if (to.isPresent() && !(toldWhom.equals(to) && told.equals(Optional.of(now)))) {
            to.get().configure(now);
            told = Optional.of(now);
            toldWhom = to;
        }
    }

    private Configure configuration() {
        Map<String, String> agents = fence.agents();
        Map<String, NamedGroup> groups = fence.groups().entrySet().stream()
                .filter(group -> agents.containsValue(group.getKey()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        Map<String, List<String>> names = groups.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().names()));
        Map<String, List<TlsName>> tlsNames = groups.entrySet().stream()
                .filter(group -> !group.getValue().tlsNames().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().tlsNames()));
        return new Configure(agents, names, tlsNames, settings.upstreams(), settings.limits());
    }

    private void accept(ServerSocketChannel listening) {
        while (true) {
            try {
                SocketChannel peer = listening.accept();
                if (connections.tryAcquire()) {
                    Thread.ofPlatform().daemon().name("egress proxy connection").start(() -> serve(peer));
                } else {
                    peer.close();
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("the egress proxy could not connect: {}", e.getMessage());
            }
        }
    }

    private void serve(SocketChannel peer) {
        try (ProxyConnection arrived = new ProxyConnection(peer)) {
            if (!programs.isProxy(peer)) {
                LOG.warn("somebody else than the egress proxy connects to its socket");
                return;
            }
            Hello hello = arrived.hello();
            if (!hello.equals(new Hello(programs.build(), programs.fence()))) {
                // Never taken for the one at work; where that is meant, it does not connect in time and is replaced.
                LOG.info("an egress proxy of another build or fence is sent away");
                return;
            }
            connection.ifPresent(ProxyConnection::close);
            connection = Optional.of(arrived);
            changes.release();
            arrived.serve(openings, audit);
        } catch (IOException | RuntimeException e) {
            LOG.warn("the egress proxy is not understood: {}", e.getMessage());
        } finally {
            connections.release();
            changes.release();
        }
    }

    @Override
    public void close() throws InterruptedException {
        keeper.interrupt();
        keeper.join();
        try {
            if (listener.isPresent()) {
                listener.get().close();
            }
        } catch (IOException e) {
            LOG.debug("the egress proxy's socket did not close", e);
        }
        connection.ifPresent(ProxyConnection::close);
    }
}
