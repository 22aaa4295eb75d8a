package dev.agentcontainers.nodeagent.names;

import dev.agentcontainers.egressproxy.upstream.UpstreamAddress;
import dev.agentcontainers.nodeagent.authority.AgentAuthorities;
import dev.agentcontainers.nodeagent.fence.NameServerSockets;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.protocol.names.NameLimits;
import dev.agentcontainers.protocol.names.NodeMessage.Budget;
import dev.agentcontainers.protocol.names.NodeMessage.Configure;
import dev.agentcontainers.protocol.names.NodeMessage.DirectName;
import dev.agentcontainers.protocol.names.NodeMessage.HttpName;
import dev.agentcontainers.protocol.names.NodeMessage.TlsName;
import dev.agentcontainers.protocol.names.NodeMessage.Trust;
import dev.agentcontainers.protocol.names.ProxyMessage.Hello;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node's egress proxy at work as soon as a group has names: takes over the one that an earlier node agent left where
 * it is of this build and this fence, starts it (again) where there is none or it says nothing, holds it to the resolvers that it is to ask, tells it
 * whom it may answer. {@link #close} leaves it as it is where agents are left: it refuses then what would have to be opened.
 * Thread-safe.
 */
public final class EgressProxyKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EgressProxyKeeper.class);

    /** How long an agent's start waits at most for a proxy that knows it. */
    private static final Duration NEWCOMER_WITHIN = Duration.ofSeconds(10);

    private static final Duration NEWCOMER_PAUSE = Duration.ofMillis(10);

    private final NamesFence fence;
    private final ProxyPrograms programs;
    private final Supplier<List<String>> resolvers;
    private final NameLimits limits;
    private final NameAudit audit;
    private final ClosedNow closed;
    private final Openings openings;
    private final Certifications certifications;
    private final Optional<AgentAuthorities> authorities;
    private final Times times;
    private final LongSupplier nanoTime;
    private final Semaphore changes = new Semaphore(0);
    /** The one in use, and such that come or go. */
    private final Semaphore connections = new Semaphore(4);

    private final Thread keeper =
            Thread.ofPlatform().daemon().name("egress proxy").unstarted(this::keep);
    private final Thread pulse =
            Thread.ofPlatform().daemon().name("egress proxy pulse").unstarted(this::endSilent);
    private volatile Optional<ProxyConnection> connection = Optional.empty();
    private volatile Optional<ServerSocketChannel> listener = Optional.empty();
    private volatile List<String> warnings = List.of();
    private volatile Optional<Configure> told = Optional.empty();
    private volatile boolean silenced;
    private volatile Optional<ProxyConnection> toldWhom = Optional.empty();
    private long toldClosings;
    private Optional<Trusted> trusted = Optional.empty();
    private Duration pause;
    private Optional<Confined> confined = Optional.empty();

    /**
     * What the proxy is held to.
     *
     * @param user whom it runs as
     */
    private record Confined(List<String> resolvers, long user) {}

    /** Whom a proxy was told to trust. */
    private record Trusted(ProxyConnection proxy, List<X509Certificate> roots) {}

    /**
     * @param adoption how long one that runs may take to connect
     * @param start how long one that was started may take to
     * @param firstPause after a start that failed; doubled up to the last
     * @param look how often everything is looked after without a change
     * @param silence how long it may say nothing when it is asked to
     */
    record Times(
            Duration adoption,
            Duration start,
            Duration firstPause,
            Duration lastPause,
            Duration look,
            Duration silence) {
        static final Times DEFAULT = new Times(
                Duration.ofSeconds(3),
                Duration.ofSeconds(20),
                Duration.ofMillis(200),
                Duration.ofSeconds(30),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10));
    }

    /** Where no agent has an authority, so that nothing is decrypted. */
    public EgressProxyKeeper(NamesFence fence, ProxyPrograms programs, NameSettings settings, NameAudit audit) {
        this(
                fence,
                programs,
                settings::upstreams,
                settings.limits(),
                Optional.empty(),
                audit,
                Times.DEFAULT,
                System::nanoTime);
    }

    /** @param authorities of the agents, by which connections are decrypted where a rule is about what is inside TLS */
    public EgressProxyKeeper(
            NamesFence fence,
            ProxyPrograms programs,
            NameSettings settings,
            AgentAuthorities authorities,
            NameAudit audit) {
        this(
                fence,
                programs,
                settings::upstreams,
                settings.limits(),
                Optional.of(authorities),
                audit,
                Times.DEFAULT,
                System::nanoTime);
    }

    /**
     * @param resolvers whom to ask, as of now
     * @param nanoTime by which the proxy is silent
     */
    EgressProxyKeeper(
            NamesFence fence,
            ProxyPrograms programs,
            Supplier<List<String>> resolvers,
            NameLimits limits,
            Optional<AgentAuthorities> authorities,
            NameAudit audit,
            Times times,
            LongSupplier nanoTime) {
        this.fence = fence;
        this.programs = programs;
        this.resolvers = resolvers;
        this.limits = limits;
        this.audit = audit;
        this.times = times;
        this.nanoTime = nanoTime;
        this.pause = times.firstPause();
        this.authorities = authorities;
        this.certifications = new Certifications(fence, authorities);
        this.closed = new ClosedNow(fence, new NodeAddresses(System::nanoTime));
        this.openings = new Openings(fence, closed, audit);
    }

    /** The fence must be open. */
    public EgressProxyKeeper start() {
        fence.onChange(changes::release);
        fence.onNewcomer(this::awaitKnown);
        keeper.start();
        pulse.start();
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
            boolean changed = false;
            while (true) {
                try {
                    look(changed);
                    warnings = List.of();
                    pause = times.firstPause();
                    changed = changes.tryAcquire(times.look().toMillis(), TimeUnit.MILLISECONDS);
                    changes.drainPermits();
                } catch (SandboxException | IOException | RuntimeException e) {
                    changed = false;
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

    /** A proxy that is stopped or hangs keeps its connection and its place; the thread that tells it things may wait for it. */
    private void endSilent() {
        try {
            while (true) {
                Thread.sleep(times.look());
                connection
                        .filter(ProxyConnection::isOpen)
                        .filter(held -> held.isSilent(nanoTime.getAsLong(), times.silence()))
                        .ifPresent(this::endSilent);
            }
        } catch (InterruptedException e) {
            // The node agent ends; the proxy goes on.
        }
    }

    private void endSilent(ProxyConnection silent) {
        LOG.warn(
                "the egress proxy has said nothing for {} s and is replaced",
                times.silence().toSeconds());
        silenced = true;
        silent.close();
        changes.release();
    }

    /** @param changed whether it is for a change only, which leaves what others could have done to the next time */
    private void look(boolean changed) throws SandboxException, IOException, InterruptedException {
        boolean running = programs.isRunning();
        if (!running
                && fence.groups().values().stream()
                        .allMatch(group -> group.names().isEmpty())) {
            return;
        }
        List<String> asked = resolvers.get();
        long user = confine(asked, !running || !changed);
        if (listener.isEmpty()) {
            ServerSocketChannel listening = programs.listen(user);
            listener = Optional.of(listening);
            Thread.ofPlatform().daemon().name("egress proxy socket").start(() -> accept(listening));
        }
        if (!running || silenced || !isConnectedWithin(times.adoption())) {
            programs.kill();
            silenced = false;
            try (NameServerSockets sockets = fence.nameServerSockets()) {
                programs.start(sockets, user);
            }
            if (!isConnectedWithin(times.start())) {
                programs.kill();
                throw new IOException("the egress proxy does not answer within %d s after its start"
                        .formatted(times.start().toSeconds()));
            }
            LOG.info("the egress proxy was started");
        }
        tell(asked);
    }

    /** A proxy that can't be held to its resolvers is ended, and not started. */
    private long confine(List<String> asked, boolean again) throws SandboxException, IOException, InterruptedException {
        if (!again && confined.filter(to -> to.resolvers().equals(asked)).isPresent()) {
            return confined.get().user();
        }
        confined = Optional.empty();
        try {
            long user = fence.confineProxy(
                    asked.stream().map(UpstreamAddress::parse).toList());
            confined = Optional.of(new Confined(asked, user));
            return user;
        } catch (SandboxException | RuntimeException e) {
            programs.kill();
            throw e;
        }
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
    private void tell(List<String> asked) throws IOException {
        Optional<ProxyConnection> to = connection;
        long closings = fence.closings();
        Configure now = configuration(asked);
        if (to.isPresent()) {
            to.get().ask(nanoTime.getAsLong());
        }
        boolean sameClosed =
                told.filter(before -> before.closed().equals(now.closed())).isPresent();
        if (to.isPresent() && !(toldWhom.equals(to) && toldClosings == closings && sameClosed)) {
            to.get().forget();
        }
        toldClosings = closings;
        if (to.isPresent() && !now.httpsNames().isEmpty()) {
            tellTrust(to.get());
        }
        if (to.isPresent() && !(toldWhom.equals(to) && told.equals(Optional.of(now)))) {
            to.get().configure(now);
            told = Optional.of(now);
            toldWhom = to;
        }
    }

    /** Before anything is decrypted. */
    private void tellTrust(ProxyConnection to) throws IOException {
        List<X509Certificate> roots = roots();
        // The same list for as long as the machine's file is the same.
        if (trusted.filter(told -> told.proxy() == to && told.roots() == roots).isPresent()) {
            return;
        }
        List<String> encoded = new ArrayList<>();
        for (X509Certificate root : roots) {
            try {
                encoded.add(Certifications.encoded(root));
            } catch (CertificateEncodingException e) {
                throw new IOException("a certificate that this machine trusts can't be told to the egress proxy", e);
            }
        }
        to.trust(new Trust(encoded));
        trusted = Optional.of(new Trusted(to, roots));
    }

    private List<X509Certificate> roots() {
        return authorities.map(known -> known.roots().certificates()).orElse(List.of());
    }

    private Configure configuration(List<String> asked) {
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
        Map<String, List<HttpName>> httpNames = groups.entrySet().stream()
                .filter(group -> !group.getValue().httpNames().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().httpNames()));
        Map<String, List<HttpName>> httpsNames = groups.entrySet().stream()
                .filter(group -> !group.getValue().httpsNames().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().httpsNames()));
        Map<String, List<DirectName>> directNames = groups.entrySet().stream()
                .filter(group -> !group.getValue().directNames().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().directNames()));
        Map<String, List<Budget>> budgets = groups.entrySet().stream()
                .filter(group -> !group.getValue().relayed().isEmpty())
                .collect(Collectors.toMap(
                        Map.Entry::getKey, group -> group.getValue().relayed()));
        return new Configure(
                agents,
                names,
                tlsNames,
                httpNames,
                httpsNames,
                directNames,
                identities(agents, httpsNames.keySet()),
                closed.asOfNow().ranges(),
                asked,
                limits,
                budgets,
                identities(agents, budgets.keySet()));
    }

    private Map<String, String> identities(Map<String, String> agents, Set<String> ofGroups) {
        return fence.identities().entrySet().stream()
                .filter(agent -> ofGroups.contains(agents.getOrDefault(agent.getKey(), "")))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
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
            arrived.serve(openings, certifications, new Loans(fence), audit);
        } catch (IOException | RuntimeException e) {
            LOG.warn("the egress proxy is not understood: {}", e.getMessage());
        } finally {
            connections.release();
            changes.release();
        }
    }

    /** Where no agent is left, the fence is not left either, nor what holds the proxy to its resolvers. */
    private void endUnused() throws InterruptedException {
        try {
            if (fence.agents().isEmpty() && programs.isRunning()) {
                programs.kill();
            }
        } catch (IOException e) {
            LOG.warn("the egress proxy could not be ended: {}", e.getMessage());
        }
    }

    @Override
    public void close() throws InterruptedException {
        keeper.interrupt();
        pulse.interrupt();
        // It may wait for a proxy that takes nothing.
        connection.ifPresent(ProxyConnection::close);
        keeper.join();
        endUnused();
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
