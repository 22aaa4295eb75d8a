package dev.agentcontainers.operator.gateway;

import dev.agentcontainers.operator.authority.AuthoritySecret;
import dev.agentcontainers.operator.authority.CertificateAuthority;
import dev.agentcontainers.operator.authority.GatewayPublication;
import dev.agentcontainers.operator.enrolment.EnrolledNodes;
import dev.agentcontainers.operator.enrolment.EnrolmentSettings;
import dev.agentcontainers.operator.enrolment.NodeEnrolment;
import dev.agentcontainers.operator.gateway.access.UserAccess;
import dev.agentcontainers.operator.gateway.streams.AgentLocator;
import dev.agentcontainers.operator.gateway.streams.NodeConnections;
import dev.agentcontainers.operator.gateway.streams.PendingStreams;
import dev.agentcontainers.operator.gateway.streams.Relay;
import dev.agentcontainers.operator.gateway.streams.StreamAudit;
import dev.agentcontainers.operator.gateway.streams.StreamLimits;
import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import java.net.HttpURLConnection;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway as a whole: started by the operator that leads, closed when it leads no longer. Making it creates the
 * authority where there is none; starting it publishes where it is.
 */
public final class Gateway implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final int LONGEST_BODY = 64 * 1024;
    private static final String AGENT = "/v1/namespaces/:namespace/agentcontainers/:name/";

    private final Vertx vertx;
    private final KubernetesClient client;
    private final String namespace;
    private final GatewaySettings settings;
    private final CertificateAuthority authority;
    private final NodeConnections connections;
    private final GatewayMeters meters;
    private final BlockingWork blocking;
    private final HttpServer server;
    private final TlsIdentity tls;
    private long refresher = -1;

    /** @param namespace the operator's own */
    public Gateway(
            Vertx vertx,
            KubernetesClient client,
            String namespace,
            GatewaySettings settings,
            EnrolmentSettings enrolment,
            MeterRegistry registry,
            Clock clock) {
        this.vertx = vertx;
        this.client = client;
        this.namespace = namespace;
        this.settings = settings;
        this.authority = new AuthoritySecret(client, namespace, clock).loadOrCreate();
        this.tls = new TlsIdentity(authority, settings.names(), new ClientAuthorities(client).read(), clock);
        this.meters = new GatewayMeters(registry);
        this.blocking = new BlockingWork(vertx);
        PendingStreams streams = new PendingStreams(vertx, settings.dialTimeout());
        this.connections = new NodeConnections(vertx, clock, streams);
        StreamLimits limits =
                new StreamLimits(settings.streamsPerUser(), settings.streamsPerNode(), settings.streams());
        meters.watch(connections::count, limits::open);
        EnrolledNodes enrolled = new EnrolledNodes(client, clock);
        PeerIdentity peers = new PeerIdentity(tls::certificates);
        NodeEndpoint nodes = new NodeEndpoint(
                peers,
                new NodeEnrolment(client, namespace, authority, enrolment, clock),
                enrolled,
                connections,
                streams,
                blocking,
                meters);
        StreamEndpoint users = new StreamEndpoint(
                peers,
                new UserAccess(client),
                new AgentLocator(client, enrolled, connections),
                connections,
                limits,
                new StreamAudit(client, clock),
                new Relay(vertx, settings.idleTimeout()),
                blocking,
                meters);
        this.server = vertx.createHttpServer(
                        tls.serverOptions().setHost(settings.address()).setPort(settings.port()))
                .requestHandler(routes(nodes, users));
    }

    private Router routes(NodeEndpoint nodes, StreamEndpoint users) {
        Router router = Router.router(vertx);
        BodyHandler body = BodyHandler.create(false).setBodyLimit(LONGEST_BODY);
        router.post(GatewayPaths.ENROL).handler(body).handler(nodes::enrol);
        router.post(GatewayPaths.RENEW).handler(body).handler(nodes::renew);
        router.get(GatewayPaths.NODE_CONTROL).handler(nodes::control);
        router.get(GatewayPaths.NODE_STREAMS + ":id").handler(nodes::stream);
        router.get(AGENT + "log").handler(users::log);
        router.get(AGENT + "egress").handler(users::egress);
        router.get(AGENT + "usage").handler(users::usage);
        router.get(AGENT + "exec").handler(users::exec);
        router.get(AGENT + "display").handler(users::display);
        router.get(AGENT + "snapshot").handler(users::save);
        router.get(AGENT + "snapshot/restore").handler(users::restore);
        router.route()
                .handler(context -> Answers.failure(
                        context,
                        new RefusedException(
                                HttpURLConnection.HTTP_NOT_FOUND, "the gateway serves nothing at this path")));
        router.route().failureHandler(context -> {
            Throwable cause = context.failure();
            int code = context.statusCode();
            Answers.failure(
                    context,
                    cause == null || (code >= 400 && code < 500)
                            ? new RefusedException(
                                    code, "the gateway does not take this request (HTTP code " + code + ")")
                            : cause);
        });
        return router;
    }

    /** Listens and publishes; returns once both are done. */
    public void start() {
        try {
            server.listen().toCompletionStage().toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the gateway was starting", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    "the gateway cannot listen on %s:%d: %s"
                            .formatted(settings.address(), settings.port(), e.getCause()),
                    e);
        }
        refresher = vertx.setPeriodic(TlsIdentity.REFRESH.toMillis(), ignored -> refresh());
        new GatewayPublication(client, namespace).publish(url(), authority);
        LOG.info("the gateway listens on {}:{} as {}", settings.address(), port(), url());
    }

    private void refresh() {
        blocking.run(() -> {
                    List<X509Certificate> authorities = new ClientAuthorities(client).read();
                    return tls.refreshed(authorities);
                })
                .onSuccess(options -> options.ifPresent(server::updateSSLOptions))
                .onFailure(error -> LOG.warn("the gateway's certificates could not be refreshed", error));
    }

    /** The port that it listens on. */
    public int port() {
        return server.actualPort();
    }

    /** Where users and node agents find it. */
    public URI url() {
        return settings.publishedUrl(port());
    }

    /** What signs its certificate. */
    public CertificateAuthority authority() {
        return authority;
    }

    /** Stops listening and cuts every connection. Node agents and users come back to whoever leads next. */
    @Override
    public void close() {
        vertx.cancelTimer(refresher);
        connections.closeAll();
        try {
            server.close().toCompletionStage().toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            LOG.warn("the gateway's listener did not close in good order", e);
        }
        blocking.close();
        meters.close();
    }
}
