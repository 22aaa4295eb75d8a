package dev.agentcontainers.operator.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.operator.enrolment.EnrolledNodes;
import dev.agentcontainers.operator.enrolment.NodeEnrolment;
import dev.agentcontainers.operator.gateway.streams.NodeConnections;
import dev.agentcontainers.operator.gateway.streams.PendingStreams;
import dev.agentcontainers.protocol.EnrolmentRequest;
import dev.agentcontainers.protocol.Json;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.RenewalRequest;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.net.HttpURLConnection;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** Serves machines that join, and node agents. */
final class NodeEndpoint {
    private static final String BEARER = "Bearer ";
    private static final int TOO_MANY = 429;
    private static final int UPGRADE_REQUIRED = 426;
    /** Enrolling waits for a namespace to be made; who has no valid token must not pile up work. */
    private static final int ENROLMENTS_AT_ONCE = 64;

    private final PeerIdentity peers;
    private final NodeEnrolment enrolment;
    private final EnrolledNodes enrolled;
    private final NodeConnections connections;
    private final PendingStreams streams;
    private final BlockingWork blocking;
    private final GatewayMeters meters;
    private final Semaphore enrolments = new Semaphore(ENROLMENTS_AT_ONCE);

    NodeEndpoint(
            PeerIdentity peers,
            NodeEnrolment enrolment,
            EnrolledNodes enrolled,
            NodeConnections connections,
            PendingStreams streams,
            BlockingWork blocking,
            GatewayMeters meters) {
        this.peers = peers;
        this.enrolment = enrolment;
        this.enrolled = enrolled;
        this.connections = connections;
        this.streams = streams;
        this.blocking = blocking;
        this.meters = meters;
    }

    void enrol(RoutingContext context) {
        Optional<String> bearer = Optional.ofNullable(context.request().getHeader("Authorization"))
                .filter(header -> header.startsWith(BEARER))
                .map(header -> header.substring(BEARER.length()).strip());
        String body = context.body().asString();
        if (!enrolments.tryAcquire()) {
            Answers.failure(context, new RefusedException(TOO_MANY, "too many enrolments at once: try again"));
            return;
        }
        blocking.run(() -> {
                    try {
                        EnrolmentRequest request = parse(body, EnrolmentRequest.class);
                        return enrolment.enrol(
                                bearer.orElseThrow(() -> new RefusedException(
                                        HttpURLConnection.HTTP_UNAUTHORIZED,
                                        "show a bootstrap token or a ServiceAccount token as bearer")),
                                request);
                    } finally {
                        enrolments.release();
                    }
                })
                .onSuccess(grant -> granted(context, grant, "enrolled"))
                .onFailure(error -> failed(context, error));
    }

    void renew(RoutingContext context) {
        Peer peer = peers.of(context.request());
        String body = context.body().asString();
        blocking.run(() -> enrolment.renew(requireNode(peer), parse(body, RenewalRequest.class)))
                .onSuccess(grant -> granted(context, grant, "renewed"))
                .onFailure(error -> failed(context, error));
    }

    void control(RoutingContext context) {
        HttpServerRequest request = context.request();
        request.pause();
        Peer peer = peers.of(request);
        blocking.run(() -> {
                    Peer.Node node = requireNode(peer);
                    enrolled.require(node);
                    return node;
                })
                .compose(node -> upgrade(context).onSuccess(socket -> connections.accept(node, socket)))
                .onFailure(error -> failed(context, error));
    }

    void stream(RoutingContext context) {
        Peer peer = peers.of(context.request());
        String id = context.pathParam("id");
        if (!(peer instanceof Peer.Node node)) {
            failed(context, notANode(peer));
        } else if (!streams.isAwaited(id, node)) {
            failed(
                    context,
                    new RefusedException(HttpURLConnection.HTTP_NOT_FOUND, "no stream with this id is awaited"));
        } else {
            upgrade(context)
                    .onSuccess(socket -> streams.arrived(id, node, socket))
                    .onFailure(error -> failed(context, error));
        }
    }

    private static Future<ServerWebSocket> upgrade(RoutingContext context) {
        if (!"websocket".equalsIgnoreCase(context.request().getHeader("Upgrade"))) {
            return Future.failedFuture(new RefusedException(UPGRADE_REQUIRED, "this path is for WebSockets"));
        }
        return context.request().toWebSocket();
    }

    private void granted(RoutingContext context, NodeGrant grant, String how) {
        meters.enrolment(how);
        Answers.json(context, grant);
    }

    private void failed(RoutingContext context, Throwable error) {
        meters.refused(Answers.refusal(error).code());
        context.request().resume();
        if (!context.response().closed()) {
            Answers.failure(context, error);
        }
    }

    private static Peer.Node requireNode(Peer peer) {
        if (peer instanceof Peer.Node node) {
            return node;
        }
        throw notANode(peer);
    }

    private static RefusedException notANode(Peer peer) {
        return switch (peer) {
            case Peer.User user ->
                new RefusedException(
                        HttpURLConnection.HTTP_FORBIDDEN, "user '" + user.name() + "' is not a node agent");
            case Peer.Node ignored -> throw new IllegalArgumentException("it is a node");
            case Peer.Nobody ignored ->
                new RefusedException(
                        HttpURLConnection.HTTP_UNAUTHORIZED, "show the client certificate that enrolment gave");
        };
    }

    private static <T> T parse(@org.jspecify.annotations.Nullable String body, Class<T> type) {
        try {
            return Json.parse(body == null ? "" : body, type);
        } catch (JsonProcessingException e) {
            throw new RefusedException(
                    HttpURLConnection.HTTP_BAD_REQUEST,
                    "the body is not the JSON of an %s: %s".formatted(type.getSimpleName(), e.getOriginalMessage()));
        }
    }
}
