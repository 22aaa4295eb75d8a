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
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.net.HttpURLConnection;
import java.util.Locale;
import java.util.Optional;

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
    private record Opened(StreamLimits.Permit permit, NodeStream stream) {}

    void log(RoutingContext context) {
        serve(context, UserAccess.Operation.LOG, () -> StreamParameters.log(context.queryParams()))
                .onSuccess(opened -> {
                    if (context.response().closed()) {
                        opened.stream().socket().close();
                        opened.permit().close();
                        return;
                    }
                    context.request().resume();
                    relay.body(context.response(), opened.stream(), opened.permit()::close);
                })
                .onFailure(error -> refuse(context, error));
    }

    void exec(RoutingContext context) {
        serve(context, UserAccess.Operation.EXEC, () -> execRequest(context))
                .onSuccess(opened -> context.request()
                        .toWebSocket()
                        .onSuccess(user -> relay.terminal(user, opened.stream(), opened.permit()::close))
                        .onFailure(error -> {
                            opened.stream().socket().close();
                            opened.permit().close();
                        }))
                .onFailure(error -> refuse(context, error));
    }

    private interface Parameters {
        StreamRequest read();
    }

    private Future<Opened> serve(RoutingContext context, UserAccess.Operation operation, Parameters parameters) {
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
                    AgentLocator.Target target = locator.locate(namespace, name, wanted);
                    StreamLimits.Permit permit = limits.acquire(user.name(), target.node());
                    return new Admitted(user, target, wanted, permit);
                })
                .compose(admitted -> open(context, admitted));
    }

    private record Admitted(User user, AgentLocator.Target target, StreamRequest request, StreamLimits.Permit permit) {}

    private Future<Opened> open(RoutingContext context, Admitted admitted) {
        if (admitted.request() instanceof StreamRequest.Exec && !isWebSocket(context.request())) {
            admitted.permit().close();
            return Future.failedFuture(new RefusedException(
                    UPGRADE_REQUIRED, "exec needs a WebSocket with the subprotocol " + StreamFrame.SUBPROTOCOL));
        }
        return nodes.open(admitted.target().node(), admitted.target().assignment(), admitted.request())
                .compose(stream -> blocking.run(() -> {
                    audit.opened(admitted.user(), admitted.target(), admitted.request());
                    meters.opened(admitted.request());
                    return new Opened(admitted.permit(), stream);
                }))
                .onFailure(error -> admitted.permit().close());
    }

    private static StreamRequest execRequest(RoutingContext context) {
        return StreamParameters.exec(context.queryParams());
    }

    private static boolean isWebSocket(HttpServerRequest request) {
        return "websocket".equalsIgnoreCase(request.getHeader("Upgrade"))
                && request.headers().getAll("Sec-WebSocket-Protocol").stream()
                        .flatMap(header -> java.util.Arrays.stream(header.split(",")))
                        .anyMatch(offered -> offered.strip().equals(StreamFrame.SUBPROTOCOL));
    }

    private void refuse(RoutingContext context, Throwable error) {
        context.request().resume();
        meters.refused(Answers.refusal(error).code());
        if (!context.response().closed()) {
            Answers.failure(context, error);
        }
    }
}
