package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import io.fabric8.kubernetes.api.model.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.net.HttpURLConnection;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Streams that a node was asked to dial and has not yet. An id can't be guessed, is good for one node and one use, and
 * for a short time.
 */
public final class PendingStreams {
    private static final int ID_BYTES = 32;

    private final Vertx vertx;
    private final Duration timeout;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Pending> pending = new ConcurrentHashMap<>();

    public PendingStreams(Vertx vertx, Duration timeout) {
        this.vertx = vertx;
        this.timeout = timeout;
    }

    private record Pending(String node, Promise<NodeStream> arrival, long timer) {}

    /** A stream that is waited for: its id, and the stream once the node has dialled and accepted. */
    public record Awaited(String id, Future<NodeStream> arrival) {}

    /** A node's end of a stream, paused, with the first message that came. */
    public record NodeStream(ServerWebSocket socket, Buffer first) {}

    /** Makes an id for that node. Fails with code 504 where the node does not dial in time. */
    public Awaited await(String node) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        Promise<NodeStream> arrival = Promise.promise();
        long timer = vertx.setTimer(timeout.toMillis(), ignored -> {
            pending.remove(id);
            arrival.tryFail(new RefusedException(
                    HttpURLConnection.HTTP_GATEWAY_TIMEOUT,
                    "node '%s' did not open the stream within %d s".formatted(node, timeout.toSeconds())));
        });
        pending.put(id, new Pending(node, arrival, timer));
        return new Awaited(id, arrival.future());
    }

    /** True where that node may dial that id now. */
    public boolean isAwaited(String id, Peer.Node peer) {
        Pending found = pending.get(id);
        return found != null && found.node().equals(peer.name());
    }

    /** Takes the node's socket for that id; closes it where the id is not, or no longer, for it. */
    public void arrived(String id, Peer.Node peer, ServerWebSocket socket) {
        Pending found = pending.get(id);
        if (found == null || !found.node().equals(peer.name()) || !pending.remove(id, found)) {
            socket.close((short) 1008, "no such stream");
            return;
        }
        socket.closeHandler(ignored -> found.arrival()
                .tryFail(new RefusedException(
                        HttpURLConnection.HTTP_BAD_GATEWAY, "the node closed the stream before it began")));
        socket.exceptionHandler(ignored -> {});
        found.arrival().future().onFailure(ignored -> socket.close());
        socket.binaryMessageHandler(first -> {
            socket.pause();
            vertx.cancelTimer(found.timer());
            begin(found.arrival(), socket, first);
        });
    }

    /** The node that was asked will not dial. */
    public void refuse(String id, Peer.Node peer, Status status) {
        if (isAwaited(id, peer)) {
            fail(id, new RefusedException(status));
        }
    }

    /** Gives up waiting, for whatever reason. */
    public void fail(String id, RefusedException reason) {
        Pending found = pending.remove(id);
        if (found != null) {
            vertx.cancelTimer(found.timer());
            found.arrival().tryFail(reason);
        }
    }

    private static void begin(Promise<NodeStream> arrival, ServerWebSocket socket, Buffer first) {
        if (first.length() > 0 && first.getByte(0) == StreamFrame.RESULT) {
            try {
                if (StreamFrame.decode(first.getBytes()) instanceof StreamFrame.Result result
                        && !Statuses.succeeded(result.status())) {
                    arrival.tryFail(new RefusedException(result.status()));
                    return;
                }
            } catch (ProtocolException e) {
                arrival.tryFail(
                        new RefusedException(HttpURLConnection.HTTP_BAD_GATEWAY, String.valueOf(e.getMessage())));
                return;
            }
        }
        if (!arrival.tryComplete(new NodeStream(socket, first))) {
            socket.close();
        }
    }
}
