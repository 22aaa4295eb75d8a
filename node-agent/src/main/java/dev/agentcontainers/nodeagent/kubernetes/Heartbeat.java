package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.api.v1alpha1.Api;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the node's Lease on a thread of its own, so that nothing else that hangs makes the node look dead. */
public final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    static final Duration INTERVAL = Duration.ofSeconds(10);
    static final Duration VALID = Duration.ofSeconds(40);

    private final KubernetesClient client;
    private final String namespace;
    private final String nodeName;
    private final Clock clock;
    private final Duration interval;
    private final Instant acquired;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("heartbeat").daemon().factory());
    private volatile Optional<Instant> renewed = Optional.empty();
    private volatile Optional<Instant> tried = Optional.empty();
    private boolean failing;

    public Heartbeat(KubernetesClient client, String namespace, String nodeName, Clock clock) {
        this(client, namespace, nodeName, clock, INTERVAL);
    }

    Heartbeat(KubernetesClient client, String namespace, String nodeName, Clock clock, Duration interval) {
        this.client = client;
        this.namespace = namespace;
        this.nodeName = nodeName;
        this.clock = clock;
        this.interval = interval;
        this.acquired = clock.instant();
    }

    public void start() {
        thread.scheduleAtFixedRate(this::beat, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** When the Lease was last renewed. */
    public Optional<Instant> renewed() {
        return renewed;
    }

    /** When it was last tried to renew the Lease. */
    public Optional<Instant> tried() {
        return tried;
    }

    private void beat() {
        Instant now = clock.instant();
        tried = Optional.of(now);
        try {
            renew(now);
            renewed = Optional.of(now);
            if (failing) {
                LOG.info("the node's Lease is renewed again");
            }
            failing = false;
        } catch (RuntimeException e) {
            if (!failing) {
                LOG.warn("the node's Lease can't be renewed at the moment; agents go on: {}", e.getMessage());
            }
            failing = true;
        }
    }

    private void renew(Instant now) {
        Lease lease = new LeaseBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName(Api.NODE_POLICY_NAME)
                .endMetadata()
                .withNewSpec()
                .withHolderIdentity(nodeName)
                .withLeaseDurationSeconds((int) VALID.toSeconds())
                .withAcquireTime(atUtc(acquired))
                .withRenewTime(atUtc(now))
                .endSpec()
                .build();
        try {
            client.resource(lease).patch(StatusPatch.CONTEXT, Serialization.asJson(lease));
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
            client.resource(lease).create();
        }
    }

    private static ZonedDateTime atUtc(Instant instant) {
        return instant.atZone(ZoneOffset.UTC);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
