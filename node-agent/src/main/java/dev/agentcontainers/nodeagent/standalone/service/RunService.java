package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.nodeagent.image.agent.ImageSettings;
import dev.agentcontainers.nodeagent.names.NameSettings;
import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.standalone.FormerRuns;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import dev.agentcontainers.nodeagent.standalone.StandaloneRun;
import dev.agentcontainers.protocol.local.ClientMessage;
import dev.agentcontainers.protocol.local.MessageChannel;
import dev.agentcontainers.protocol.local.ServiceMessage;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs agents for users without root, who are told from each other by their sockets' credentials. Listens on a unix socket
 * that one group may connect to. {@link #close} ends every run and returns when nothing of them is left. Thread-safe.
 */
public final class RunService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunService.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ServiceSettings settings;
    private final ConnectionLimits limits;
    private final Share share;
    private final Runs runs;
    private final ServerSocketChannel listener;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("first-messages").factory());
    private final Thread acceptor =
            Thread.ofPlatform().daemon().name("local-socket").unstarted(this::accept);

    private volatile List<String> neverAllowed;

    private record Connection(ServedRun run, Thread thread) {}

    RunService(
            ServiceSettings settings, ConnectionLimits limits, Share share, Runs runs, ServerSocketChannel listener) {
        this.settings = settings;
        this.limits = limits;
        this.share = share;
        this.runs = runs;
        this.listener = listener;
        this.neverAllowed = settings.neverAllowed();
    }

    /**
     * Removes what an earlier service's runs left, then listens.
     *
     * @param images where runs' images are kept and had from
     */
    public static RunService start(ServiceSettings settings, Platform platform, ImageSettings images)
            throws IOException, RefusedRunException {
        Share share = new Share(settings, FormerRuns.remove(platform, LOG::warn));
        RunService service = new RunService(
                settings,
                ConnectionLimits.of(settings),
                share,
                (objects, neverAllowed, observer) ->
                        new StandaloneRun(objects, platform, neverAllowed, NameSettings.DEFAULT, images, observer),
                ServiceSocket.listen(settings.socket(), settings.group()));
        service.serve();
        LOG.info("users of group {} may run agents by {}", settings.group(), settings.socket());
        return service;
    }

    /** Takes connections from now on. */
    void serve() {
        acceptor.start();
    }

    /**
     * Replaces what no policy opens, for runs that are under way as well; {@link ServiceSettings#neverAllowed} is where it
     * began.
     */
    public void neverAllow(List<String> addressesAndRanges) {
        neverAllowed = List.copyOf(addressesAndRanges);
        connections.forEach(connection -> connection.run().closeAddresses());
    }

    private void accept() {
        while (true) {
            try {
                serve(listener.accept());
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn("a connection could not be taken: {}", e.getMessage());
            }
        }
    }

    private void serve(SocketChannel client) throws IOException {
        String user;
        try {
            UnixDomainPrincipal peer = client.getOption(ExtendedSocketOptions.SO_PEERCRED);
            user = peer.user().getName();
        } catch (IOException | RuntimeException e) {
            client.close();
            throw e;
        }
        Optional<String> excess = excess(user);
        if (excess.isPresent()) {
            LOG.warn("a connection of {} is refused: {}", user, excess.get());
            refuse(client, excess.get());
            return;
        }
        ServedRun run = new ServedRun(client, user, share, runs, () -> neverAllowed);
        Thread thread = Thread.ofPlatform().daemon().name("run").unstarted(() -> {
            try {
                run.serve(timer, limits.firstMessage());
            } finally {
                connections.removeIf(connection -> connection.run() == run);
            }
        });
        connections.add(new Connection(run, thread));
        thread.start();
    }

    /** Why there may not be one more connection, and what to do; only the accepting thread adds some. */
    private Optional<String> excess(String user) {
        if (connections.size() >= limits.most()) {
            return Optional.of(
                    "this machine's service has %d connections, which is as many as it takes: try again when other runs have ended"
                            .formatted(limits.most()));
        }
        long ofUser = connections.stream()
                .filter(connection -> connection.run().user().equals(user))
                .count();
        return ofUser < limits.mostOfUser()
                ? Optional.empty()
                : Optional.of(
                        "%s has %d connections to this machine's service, which is as many as one user may have: end some of your runs, or try again when they have ended"
                                .formatted(user, ofUser));
    }

    /** The message fits into the buffer of a socket that nothing was sent to, so this does not wait for the client. */
    private static void refuse(SocketChannel client, String why) {
        try (client) {
            new MessageChannel<>(client, ClientMessage.class, ClientMessage.MAXIMUM_LENGTH)
                    .send(new ServiceMessage.Refused(why));
        } catch (IOException e) {
            LOG.debug("a client that is refused is gone", e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Files.deleteIfExists(settings.socket());
        try {
            acceptor.join();
            connections.forEach(connection -> connection.run().end());
            awaitAll();
            // Their clients don't take what they are sent.
            connections.forEach(connection -> connection.run().hangUp());
            awaitAll();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            timer.shutdownNow();
        }
    }

    /** For all together no longer than the patience: a service manager kills who takes long. */
    private void awaitAll() throws InterruptedException {
        Instant end = Instant.now().plus(PATIENCE);
        for (Connection connection : connections) {
            Duration left = Duration.between(Instant.now(), end);
            connection.thread().join(left.isPositive() ? left : Duration.ofMillis(1));
        }
    }
}
