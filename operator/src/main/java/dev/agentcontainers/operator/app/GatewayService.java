package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.gateway.Gateway;
import dev.agentcontainers.operator.gateway.ServiceEndpoint;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway while this process leads. That it can't start, for a port that is taken, keeps nothing else from working. */
@Singleton
public class GatewayService {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayService.class);
    private static final Duration RETRY = Duration.ofSeconds(10);
    private static final Duration LOOK_AT_SERVICE = Duration.ofSeconds(30);
    /** Before leadership is given up: until then this process may write. */
    private static final int BEFORE_LEADERSHIP_ENDS = 0;

    private final Vertx vertx;
    private final KubernetesClient client;
    private final OperatorSettings settings;
    private final GatewayConfiguration gatewayConfiguration;
    private final EnrolmentConfiguration enrolmentConfiguration;
    private final MeterRegistry meters;
    private final Clock clock;
    private @Nullable Gateway running;
    private @Nullable ServiceEndpoint endpoint;
    private boolean stopping;

    GatewayService(
            Vertx vertx,
            KubernetesClient client,
            OperatorSettings settings,
            GatewayConfiguration gatewayConfiguration,
            EnrolmentConfiguration enrolmentConfiguration,
            MeterRegistry meters,
            Clock clock) {
        this.vertx = vertx;
        this.client = client;
        this.settings = settings;
        this.gatewayConfiguration = gatewayConfiguration;
        this.enrolmentConfiguration = enrolmentConfiguration;
        this.meters = meters;
        this.clock = clock;
    }

    /** Returns at once; to be called when this process begins to lead. */
    void start() {
        if (gatewayConfiguration.enabled()) {
            Thread.ofVirtual().name("gateway").start(this::keepRunning);
        }
    }

    private void keepRunning() {
        try {
            while (!tryStart()) {
                Thread.sleep(RETRY);
            }
            while (true) {
                Thread.sleep(directService() ? LOOK_AT_SERVICE : RETRY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean tryStart() {
        if (stopping) {
            return true;
        }
        @Nullable Gateway made = null;
        try {
            String namespace = OperatorCustomization.leaseNamespace(settings.leader(), client.getConfiguration());
            made = new Gateway(
                    vertx,
                    client,
                    namespace,
                    gatewayConfiguration.settings(namespace),
                    enrolmentConfiguration.settings(client.getConfiguration()),
                    meters,
                    clock);
            made.start();
            running = made;
            endpoint = gatewayConfiguration.serviceEndpoint(client, namespace).orElse(null);
            return true;
        } catch (RuntimeException e) {
            LOG.error("The gateway could not be started and is tried again in {} s", RETRY.toSeconds(), e);
            if (made != null) {
                made.close();
            }
            return false;
        }
    }

    /** Keeps the Service directed here; false where that didn't succeed. */
    private synchronized boolean directService() {
        if (running == null || endpoint == null || stopping) {
            return true;
        }
        try {
            endpoint.claim(running.port());
            return true;
        } catch (RuntimeException e) {
            LOG.error("The gateway's Service could not be directed here; tried again in {} s", RETRY.toSeconds(), e);
            return false;
        }
    }

    synchronized void stop(@Observes @Priority(BEFORE_LEADERSHIP_ENDS) ShutdownEvent event) {
        stopping = true;
        if (endpoint != null) {
            try {
                endpoint.release();
            } catch (RuntimeException e) {
                LOG.warn("The gateway's Service is still directed here; the next leader will direct it to itself", e);
            }
        }
        if (running != null) {
            running.close();
        }
    }
}
