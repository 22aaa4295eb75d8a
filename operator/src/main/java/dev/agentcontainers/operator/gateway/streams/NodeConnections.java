package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.protocol.ControlMessage;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control connections of node agents, one for each node; a newer one takes an older one's place. */
public final class NodeConnections {
    private static final Logger LOG = LoggerFactory.getLogger(NodeConnections.class);
    private static final Duration PING_INTERVAL = Duration.ofSeconds(15);
    private static final Duration SILENCE = Duration.ofSeconds(50);

    private final Vertx vertx;
    private final Clock clock;
    private final PendingStreams streams;
    private final Map<String, Connection> connections = new ConcurrentHashMap<>();

    public NodeConnections(Vertx vertx, Clock clock, PendingStreams streams) {
        this.vertx = vertx;
        this.clock = clock;
        this.streams = streams;
    }

    private record Connection(Peer.Node peer, ServerWebSocket socket) {}

    public int count() {
        return connections.size();
    }

    /** Who is connected as that node now. */
    public Optional<Peer.Node> peer(String node) {
        return Optional.ofNullable(connections.get(node)).map(Connection::peer);
    }

    /** Asks that node for a stream. Fails with code 503 where it is not connected. */
    public Future<PendingStreams.NodeStream> open(String node, String assignment, StreamRequest request) {
        Connection connection = connections.get(node);
        if (connection == null) {
            return Future.failedFuture(new RefusedException(
                    HttpURLConnection.HTTP_UNAVAILABLE,
                    "node '" + node + "' is not connected to the gateway: its node agent is down or cannot reach it"));
        }
        PendingStreams.Awaited awaited = streams.await(node);
        connection
                .socket()
                .writeTextMessage(Json.text(new ControlMessage.Open(awaited.id(), assignment, request)))
                .onFailure(error -> streams.fail(
                        awaited.id(),
                        new RefusedException(
                                HttpURLConnection.HTTP_UNAVAILABLE, "the connection of node '" + node + "' broke")));
        return awaited.arrival();
    }

    /** Takes a node agent's connection. Must be called on the socket's context. */
    public void accept(Peer.Node peer, ServerWebSocket socket) {
        Connection connection = new Connection(peer, socket);
        AtomicLong heard = new AtomicLong(clock.millis());
        socket.pongHandler(ignored -> heard.set(clock.millis()));
        socket.textMessageHandler(text -> {
            heard.set(clock.millis());
            receive(connection, text);
        });
        socket.exceptionHandler(ignored -> {});
        long ticker = vertx.setPeriodic(
                PING_INTERVAL.toMillis(), ignored -> tick(connection, Instant.ofEpochMilli(heard.get())));
        socket.closeHandler(ignored -> {
            vertx.cancelTimer(ticker);
            if (connections.remove(peer.name(), connection)) {
                LOG.info("node {} has left the gateway", peer.name());
            }
        });
        Connection former = connections.put(peer.name(), connection);
        if (former != null) {
            former.socket().close((short) 1001, "a newer connection took this one's place");
        }
        LOG.info("node {} is connected to the gateway", peer.name());
    }

    /** A certificate's end is a connection's end: the node comes back with its new one. */
    private void tick(Connection connection, Instant heard) {
        Instant now = clock.instant();
        if (heard.plus(SILENCE).isBefore(now) || connection.peer().validUntil().isBefore(now)) {
            connection.socket().close((short) 1001, "silent for too long, or its certificate has ended");
            return;
        }
        connection.socket().writePing(Buffer.buffer());
    }

    private void receive(Connection connection, String text) {
        try {
            switch (ControlMessage.parse(text)) {
                case ControlMessage.Refuse refuse ->
                    streams.refuse(refuse.streamId(), connection.peer(), refuse.status());
                // Nothing that a node could mean by it is asked of it by this version.
                case ControlMessage.Unknown unknown -> throw new ProtocolException("a node sends " + unknown.what());
                case ControlMessage.Open ignored -> throw new ProtocolException("a node must not send open");
            }
        } catch (ProtocolException e) {
            LOG.warn("node {} broke the protocol: {}", connection.peer().name(), e.getMessage());
            connection.socket().close((short) 1002, "protocol error");
        }
    }

    /** Cuts the connection of that peer, if it is still there: it is no longer who it was. */
    public void drop(Peer.Node peer) {
        Connection connection = connections.get(peer.name());
        if (connection != null && connection.peer().equals(peer) && connections.remove(peer.name(), connection)) {
            connection.socket().close((short) 1008, "this node's enrolment has ended");
        }
    }

    /** Cuts all connections; node agents come back to whoever leads next. */
    public void closeAll() {
        connections.values().forEach(connection -> connection.socket().close((short) 1001, "the gateway stops"));
        connections.clear();
    }
}
