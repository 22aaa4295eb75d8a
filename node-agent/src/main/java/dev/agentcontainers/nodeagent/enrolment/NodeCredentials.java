package dev.agentcontainers.nodeagent.enrolment;

import dev.agentcontainers.protocol.GatewayPaths;
import dev.agentcontainers.protocol.NodeGrant;
import dev.agentcontainers.protocol.ProtocolException;
import dev.agentcontainers.protocol.RefusedException;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's credentials, kept fresh while it runs: the token for the API server by TokenRequest for its own
 * ServiceAccount, the certificate for the gateway by the gateway; where the token has ended already (the machine was
 * off), the gateway gives a new one too. Failing to renew is tried again and stops nothing. Thread-safe.
 */
public final class NodeCredentials {
    private static final Logger LOG = LoggerFactory.getLogger(NodeCredentials.class);
    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(30);
    private static final Duration TOKEN_VALIDITY = Duration.ofHours(1);
    /** Renew when a third of the time is left. */
    private static final int FRACTION_LEFT = 3;

    private final Enrolment enrolment;
    private final Clock clock;
    private volatile NodeIdentity identity;

    public NodeCredentials(Enrolment enrolment, NodeIdentity identity, Clock clock) {
        this.enrolment = enrolment;
        this.identity = identity;
        this.clock = clock;
    }

    /** As it is now. */
    public NodeIdentity identity() {
        return identity;
    }

    /** Configuration of a client for the API server that always shows the present token. */
    public Config clientConfig() {
        NodeGrant.ApiServer apiServer = identity.grant().apiServer();
        ConfigBuilder builder = new ConfigBuilder(Config.empty())
                .withMasterUrl(apiServer.url())
                .withNamespace(identity.grant().namespace())
                .withOauthTokenProvider(() -> identity.grant().token().value());
        if (!apiServer.authority().isEmpty()) {
            builder.withCaCertData(java.util.Base64.getEncoder()
                    .encodeToString(apiServer.authority().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
        return builder.build();
    }

    /** Looks every half minute whether anything must be renewed. */
    public void keepFresh(ScheduledExecutorService scheduler) {
        scheduler.scheduleWithFixedDelay(this::check, 0, CHECK_INTERVAL.toSeconds(), TimeUnit.SECONDS);
    }

    private void check() {
        try {
            renewWhereNeeded();
        } catch (IOException | RefusedException | KubernetesClientException e) {
            LOG.warn("this node's credentials could not be renewed and will be tried again: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("renewing this node's credentials failed", e);
        }
    }

    /** Renews what nears its end. */
    synchronized void renewWhereNeeded() throws IOException, InterruptedException {
        Instant now = clock.instant();
        if (isDue(certificateStart(), certificateEnd(), now) || !now.isBefore(identity.tokenExpiry())) {
            identity = enrolment.renew(identity);
            LOG.info("renewed this node's certificate and token at the gateway");
        } else if (isDue(identity.tokenExpiry().minus(TOKEN_VALIDITY), identity.tokenExpiry(), now)) {
            renewToken();
        }
    }

    private void renewToken() throws IOException, InterruptedException {
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(clientConfig()).build()) {
            TokenRequest granted = client.serviceAccounts()
                    .inNamespace(identity.grant().namespace())
                    .withName(GatewayPaths.NODE_SERVICE_ACCOUNT)
                    .tokenRequest(new TokenRequestBuilder()
                            .withNewSpec()
                            .withExpirationSeconds(TOKEN_VALIDITY.toSeconds())
                            .endSpec()
                            .build());
            identity = enrolment.withToken(
                    identity,
                    new NodeGrant.Token(
                            granted.getStatus().getToken(), granted.getStatus().getExpirationTimestamp()));
        } catch (KubernetesClientException e) {
            LOG.info("the API server did not renew this node's token ({}): asking the gateway", e.getMessage());
            identity = enrolment.renew(identity);
        }
    }

    private static boolean isDue(Instant start, Instant end, Instant now) {
        Duration reserve = Duration.between(start, end).dividedBy(FRACTION_LEFT);
        return now.isAfter(end.minus(reserve));
    }

    private Instant certificateStart() throws ProtocolException {
        return identity.certificate().getNotBefore().toInstant();
    }

    private Instant certificateEnd() throws ProtocolException {
        return identity.certificate().getNotAfter().toInstant();
    }
}
