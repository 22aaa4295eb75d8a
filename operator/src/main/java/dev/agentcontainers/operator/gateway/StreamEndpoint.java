package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.operator.authority.Peer;
import dev.agentcontainers.operator.gateway.access.User;
import dev.agentcontainers.operator.gateway.access.UserAccess;
import dev.agentcontainers.operator.gateway.streams.AgentLocator;
import dev.agentcontainers.operator.gateway.streams.NodeConnections;
import dev.agentcontainers.operator.gateway.streams.PendingStreams.NodeStream;
import dev.agentcontainers.operator.gateway.streams.Relay;
import dev.agentcontainers.operator.gateway.streams.StreamAudit;
import dev.agentcontainers.operator.gateway.streams.StreamLimits;
import dev.agentcontainers.protocol.RefusedException;
import dev.agentcontainers.protocol.StreamFrame;
import dev.agentcontainers.protocol.StreamRequest;
import io.fabric8.kubernetes.api.model.Status;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.net.HttpURLConnection;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * Serves users: who is it, may that user, where is the agent, then open and relay. Authorisation comes before anything
 * about the agent is looked up, so that who may not learns nothing.
 */
final class StreamEndpoint {
    private static final int UPGRADE_REQUIRED = 426;

    private final PeerIdentity peers;
    private final UserAccess access;
    private final AgentLocator locator;
    private final NodeConnections nodes;
    private final StreamLimits limits;
    private final StreamAudit audit;
    private final Relay relay;
    private final BlockingWork blocking;
    private final GatewayMeters meters;

    StreamEndpoint(
            PeerIdentity peers,
            UserAccess access,
            AgentLocator locator,
            NodeConnections nodes,
            StreamLimits limits,
            StreamAudit audit,
            Relay relay,
            BlockingWork blocking,
            GatewayMeters meters) {
        this.peers = peers;
        this.access = access;
        this.locator = locator;
        this.nodes = nodes;
        this.limits = limits;
        this.audit = audit;
        this.relay = relay;
        this.blocking = blocking;
        this.meters = meters;
    }

    /** A stream that is let through: where to, and its place among the others. */
    private record Opened(StreamLimits.Permit permit, NodeStream stream) {
        void abandon() {
            stream.socket().close();
            permit.close();
        }
    }

    void log(RoutingContext context) {
        text(context, UserAccess.Operation.LOG, () -> StreamParameters.log(context.queryParams()));
    }

    void egress(RoutingContext context) {
        text(context, UserAccess.Operation.EGRESS, () -> StreamParameters.egress(context.queryParams()));
    }

    void usage(RoutingContext context) {
        text(context, UserAccess.Operation.USAGE, () -> StreamParameters.usage(context.queryParams()));
    }

    /** What goes one way only is the body of an answer. */
    private void text(RoutingContext context, UserAccess.Operation operation, Parameters parameters) {
        admit(context, operation, parameters)
                .compose(this::open)
                .onSuccess(opened -> {
                    if (context.response().closed()) {
                        opened.abandon();
                        return;
                    }
                    context.request().resume();
                    relay.body(context.response(), opened.stream(), opened.permit()::close);
                })
                .onFailure(error -> refuse(context, error));
    }

    void exec(RoutingContext context) {
        messages(context, UserAccess.Operation.EXEC, () -> StreamParameters.exec(context.queryParams()));
    }

    void display(RoutingContext context) {
        messages(context, UserAccess.Operation.DISPLAY, () -> StreamParameters.display(context.queryParams()));
    }

    void save(RoutingContext context) {
        messages(context, UserAccess.Operation.SAVE, () -> StreamParameters.save(context.queryParams()));
    }

    void restore(RoutingContext context) {
        messages(context, UserAccess.Operation.RESTORE, () -> StreamParameters.restore(context.queryParams()));
    }

    /**
     * What can be known before a node is asked is answered by HTTP; what goes wrong from then on, as the stream's result:
     * not every WebSocket client shows the body of a refused handshake.
     */
    private void messages(RoutingContext context, UserAccess.Operation operation, Parameters parameters) {
        admit(context, operation, parameters)
                .compose(requireWebSocket(context))
                .onFailure(error -> refuse(context, error))
                .onSuccess(admitted -> open(admitted)
                        .onSuccess(opened -> context.request()
                                .toWebSocket()
                                .onSuccess(user -> relay.terminal(user, opened.stream(), opened.permit()::close))
                                .onFailure(error -> opened.abandon()))
                        .onFailure(error ->
                                context.request().toWebSocket().onSuccess(user -> Relay.finish(user, refused(error)))));
    }

    private interface Parameters {
        StreamRequest read();
    }

    private record Admitted(User user, AgentLocator.Target target, StreamRequest request) {}

    private Future<Admitted> admit(RoutingContext context, UserAccess.Operation operation, Parameters parameters) {
        HttpServerRequest request = context.request();
        request.pause();
        Peer peer = peers.of(request);
        Optional<String> authorization = Optional.ofNullable(request.getHeader("Authorization"));
        boolean impersonates = request.headers().names().stream()
                .anyMatch(header -> header.toLowerCase(Locale.ROOT).startsWith("impersonate-"));
        String namespace = context.pathParam("namespace");
        String name = context.pathParam("name");
        return blocking.run(() -> {
            User user = access.authenticate(peer, authorization);
            if (impersonates) {
                throw new RefusedException(
                        HttpURLConnection.HTTP_FORBIDDEN, "the gateway does not support impersonation (--as)");
            }
            access.require(user, operation, namespace, name);
            StreamRequest wanted = parameters.read();
            return new Admitted(user, locator.locate(namespace, name, wanted), wanted);
        });
    }

    private Future<Opened> open(Admitted admitted) {
        StreamLimits.Permit permit;
        try {
            permit = limits.acquire(admitted.user().name(), admitted.target().node());
        } catch (RefusedException e) {
            return Future.failedFuture(e);
        }
        return nodes.open(admitted.target().node(), admitted.target().assignment(), admitted.request())
                .compose(stream -> blocking.run(() -> {
                            audit.opened(admitted.user(), admitted.target(), admitted.request());
                            meters.opened(admitted.request());
                            return new Opened(permit, stream);
                        })
                        .onFailure(error -> stream.socket().close()))
                .onFailure(error -> permit.close());
    }

    private static Function<Admitted, Future<Admitted>> requireWebSocket(RoutingContext context) {
        return admitted -> isWebSocket(context.request())
                ? Future.succeededFuture(admitted)
                : Future.failedFuture(new RefusedException(
                        UPGRADE_REQUIRED, "this needs a WebSocket with the subprotocol " + StreamFrame.SUBPROTOCOL));
    }

    private static boolean isWebSocket(HttpServerRequest request) {
        return "websocket".equalsIgnoreCase(request.getHeader("Upgrade"))
                && request.headers().getAll("Sec-WebSocket-Protocol").stream()
                        .flatMap(header -> java.util.Arrays.stream(header.split(",")))
                        .anyMatch(offered -> offered.strip().equals(StreamFrame.SUBPROTOCOL));
    }

    private void refuse(RoutingContext context, Throwable error) {
        context.request().resume();
        refused(error);
        if (!context.response().closed()) {
            Answers.failure(context, error);
        }
    }

    private Status refused(Throwable error) {
        RefusedException refusal = Answers.refusal(error);
        meters.refused(refusal.code());
        return refusal.status();
    }
}
