package dev.agentcontainers.operator.gateway.streams;

import dev.agentcontainers.protocol.Statuses;
import dev.agentcontainers.protocol.StreamFrame;
import io.fabric8.kubernetes.api.model.Status;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketBase;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Set;

/**
 * Carries messages between a user and a node at the slower one's pace: what can't be written is not read. Looks at the
 * channel of each message and lets through only what that side may send. Used on the sockets' context.
 */
public final class Relay {
    private static final Set<Byte> FROM_USER = Set.of(StreamFrame.INPUT, StreamFrame.RESIZE, StreamFrame.CLOSE);
    private static final Set<Byte> FROM_NODE = Set.of(StreamFrame.OUTPUT, StreamFrame.ERROR_OUTPUT, StreamFrame.RESULT);
    private static final short NORMAL = 1000;
    private static final short PROTOCOL_ERROR = 1002;
    private static final Duration PING_INTERVAL = Duration.ofSeconds(30);

    private final Vertx vertx;
    private final Duration idleTimeout;

    public Relay(Vertx vertx, Duration idleTimeout) {
        this.vertx = vertx;
        this.idleTimeout = idleTimeout;
    }

    /** Joins a user's terminal with a node's stream; {@code onEnd} is called once both are closed. */
    public void terminal(ServerWebSocket user, PendingStreams.NodeStream stream, Runnable onEnd) {
        ServerWebSocket node = stream.socket();
        Activity activity = new Activity();
        long ticker = vertx.setPeriodic(PING_INTERVAL.toMillis(), ignored -> {
            if (activity.isIdle()) {
                finish(user, Statuses.failure(HttpURLConnection.HTTP_CLIENT_TIMEOUT, idleMessage()));
                node.close();
            } else {
                user.writePing(Buffer.buffer());
                node.writePing(Buffer.buffer());
            }
        });
        user.exceptionHandler(ignored -> {});
        user.closeHandler(ignored -> {
            vertx.cancelTimer(ticker);
            node.close();
            onEnd.run();
        });
        node.closeHandler(ignored ->
                finish(user, Statuses.failure(HttpURLConnection.HTTP_BAD_GATEWAY, "the connection to the node broke")));
        carry(user, node, FROM_USER, activity);
        carry(node, user, FROM_NODE, activity);
        carryFirst(stream.first(), user);
        node.resume();
        if (node.isClosed()) {
            finish(user, brokenNode());
        }
    }

    /** Writes a node's stream as the body of an answer; cuts the connection where the node did not finish it. */
    public void body(HttpServerResponse response, PendingStreams.NodeStream stream, Runnable onEnd) {
        ServerWebSocket node = stream.socket();
        Activity activity = new Activity();
        long ticker = vertx.setPeriodic(PING_INTERVAL.toMillis(), ignored -> {
            if (activity.isIdle()) {
                response.reset();
            } else {
                node.writePing(Buffer.buffer());
            }
        });
        response.exceptionHandler(ignored -> {});
        response.closeHandler(ignored -> {
            vertx.cancelTimer(ticker);
            node.close();
            onEnd.run();
        });
        node.closeHandler(ignored -> {
            vertx.cancelTimer(ticker);
            if (!response.ended() && !response.closed()) {
                response.reset();
            }
            onEnd.run();
        });
        node.binaryMessageHandler(message -> {
            activity.note();
            bodyMessage(response, node, message);
        });
        response.setChunked(true).putHeader("Content-Type", "text/plain; charset=utf-8");
        bodyMessage(response, node, stream.first());
        node.resume();
        if (node.isClosed() && !response.ended()) {
            response.reset();
        }
    }

    private static void bodyMessage(HttpServerResponse response, ServerWebSocket node, Buffer message) {
        if (response.ended() || response.closed()) {
            return;
        }
        byte channel = message.length() == 0 ? StreamFrame.CLOSE : message.getByte(0);
        switch (channel) {
            case StreamFrame.OUTPUT -> {
                if (message.length() == 1) {
                    response.writeHead();
                    return;
                }
                response.write(message.slice(1, message.length()));
                if (response.writeQueueFull()) {
                    node.pause();
                    response.drainHandler(ignored -> node.resume());
                }
            }
            case StreamFrame.RESULT -> endBody(response, node, message);
            default -> node.close(PROTOCOL_ERROR, "a log has only channels 1 and 3");
        }
    }

    private static void endBody(HttpServerResponse response, ServerWebSocket node, Buffer message) {
        try {
            if (StreamFrame.decode(message.getBytes()) instanceof StreamFrame.Result result
                    && Statuses.succeeded(result.status())) {
                response.end();
            } else {
                response.reset();
            }
            node.close(NORMAL);
        } catch (dev.agentcontainers.protocol.ProtocolException e) {
            node.close(PROTOCOL_ERROR, "unreadable result");
        }
    }

    private static Status brokenNode() {
        return Statuses.failure(HttpURLConnection.HTTP_BAD_GATEWAY, "the connection to the node broke");
    }

    private static void carry(WebSocketBase from, WebSocketBase to, Set<Byte> allowed, Activity activity) {
        from.textMessageHandler(ignored -> from.close(PROTOCOL_ERROR, "text messages have no meaning here"));
        from.binaryMessageHandler(message -> {
            if (message.length() == 0 || !allowed.contains(message.getByte(0))) {
                from.close(PROTOCOL_ERROR, "this side may not send on that channel");
                return;
            }
            activity.note();
            forward(message, to);
            // Asking a closed one throws; a result has just closed it.
            if (!to.isClosed() && to.writeQueueFull()) {
                from.pause();
                to.drainHandler(ignored -> from.resume());
            }
        });
    }

    private static void carryFirst(Buffer first, ServerWebSocket user) {
        if (first.length() > 0 && FROM_NODE.contains(first.getByte(0))) {
            forward(first, user);
        }
    }

    /** After a result nothing comes; the node waits for its stream to be closed, so nothing before it is lost. */
    private static void forward(Buffer message, WebSocketBase to) {
        if (to.isClosed()) {
            return;
        }
        to.writeBinaryMessage(message);
        if (message.getByte(0) == StreamFrame.RESULT) {
            to.close(NORMAL);
        }
    }

    /** Sends how a stream ended, and closes. */
    public static void finish(ServerWebSocket user, Status status) {
        if (!user.isClosed()) {
            user.writeBinaryMessage(Buffer.buffer(new StreamFrame.Result(status).encoded()));
            user.close(NORMAL);
        }
    }

    private String idleMessage() {
        return "nothing was sent either way for " + idleTimeout.toMinutes() + " minutes";
    }

    private final class Activity {
        private long last = System.nanoTime();

        void note() {
            last = System.nanoTime();
        }

        boolean isIdle() {
            return System.nanoTime() - last > idleTimeout.toNanos();
        }
    }
}
