package dev.agentcontainers.nodeagent.standalone.service;

import dev.agentcontainers.nodeagent.platform.Platform;
import dev.agentcontainers.nodeagent.standalone.FormerRuns;
import dev.agentcontainers.nodeagent.standalone.RefusedRunException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
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

    /** Connections that wait for their first message count too. */
    private static final int MOST_CONNECTIONS = 128;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final ServiceSettings settings;
    private final Platform platform;
    private final Share share;
    private final ServerSocketChannel listener;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Semaphore places = new Semaphore(MOST_CONNECTIONS);
    private final Thread acceptor =
            Thread.ofPlatform().daemon().name("local-socket").unstarted(this::accept);

    private record Connection(ServedRun run, Thread thread) {}

    private RunService(ServiceSettings settings, Platform platform, Share share, ServerSocketChannel listener) {
        this.settings = settings;
        this.platform = platform;
        this.share = share;
        this.listener = listener;
    }

    /** Removes what an earlier service's runs left, then listens. */
    public static RunService start(ServiceSettings settings, Platform platform)
            throws IOException, RefusedRunException {
        Share share = new Share(settings, FormerRuns.remove(platform, LOG::warn));
        RunService service = new RunService(settings, platform, share, listen(settings));
        service.acceptor.start();
        LOG.info("users of group {} may run agents by {}", settings.group(), settings.socket());
        return service;
    }

    private static ServerSocketChannel listen(ServiceSettings settings) throws IOException, RefusedRunException {
        Path socket = settings.socket();
        GroupPrincipal group = group(socket, settings.group());
        Files.createDirectories(socket.toAbsolutePath().getParent());
        refuseIfServed(socket);
        Files.deleteIfExists(socket);
        // Bound under another name and moved: at no time can anybody else connect to it.
        Path beside = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(beside);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(beside));
            PosixFileAttributeView view = Files.getFileAttributeView(beside, PosixFileAttributeView.class);
            view.setPermissions(PosixFilePermissions.fromString("rw-------"));
            view.setGroup(group);
            view.setPermissions(PosixFilePermissions.fromString("rw-rw----"));
            Files.move(beside, socket);
            return listener;
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private static GroupPrincipal group(Path socket, String name) throws IOException, RefusedRunException {
        try {
            return socket.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (UserPrincipalNotFoundException e) {
            throw new RefusedRunException(
                    "there is no group %s, whose members may use %s: make it with groupadd --system %s"
                            .formatted(name, socket, name));
        }
    }

    private static void refuseIfServed(Path socket) throws RefusedRunException {
        if (!Files.exists(socket)) {
            return;
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            throw new RefusedRunException("another service listens on %s already".formatted(socket));
        } catch (IOException e) {
            // Left by one that is gone.
        }
    }

    private void accept() {
        while (true) {
            try {
                SocketChannel client = listener.accept();
                if (!places.tryAcquire()) {
                    client.close();
                    continue;
                }
                serve(client);
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("a connection could not be taken: {}", e.getMessage());
            }
        }
    }

    private void serve(SocketChannel client) {
        ServedRun run;
        try {
            UnixDomainPrincipal peer = client.getOption(ExtendedSocketOptions.SO_PEERCRED);
            String user = peer.user().getName();
            if (connectionsOf(user) >= 2 * settings.mostRunsOfUser()) {
                throw new IOException("%s has %d connections".formatted(user, connectionsOf(user)));
            }
            run = new ServedRun(client, user, platform, share, settings.neverAllowed());
        } catch (IOException | RuntimeException e) {
            LOG.warn("a connection is refused: {}", e.getMessage());
            closeQuietly(client);
            places.release();
            return;
        }
        Thread thread = Thread.ofPlatform().daemon().name("run").unstarted(() -> {
            try {
                run.serve();
            } finally {
                connections.removeIf(connection -> connection.run() == run);
                places.release();
            }
        });
        connections.add(new Connection(run, thread));
        thread.start();
    }

    private long connectionsOf(String user) {
        return connections.stream()
                .filter(connection -> connection.run().user().equals(user))
                .count();
    }

    private static void closeQuietly(SocketChannel client) {
        try {
            client.close();
        } catch (IOException e) {
            LOG.debug("closing a connection failed", e);
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
