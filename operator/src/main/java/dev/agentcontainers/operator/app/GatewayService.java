package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.gateway.Gateway;
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

    private final Vertx vertx;
    private final KubernetesClient client;
    private final OperatorSettings settings;
    private final GatewayConfiguration gatewayConfiguration;
    private final EnrolmentConfiguration enrolmentConfiguration;
    private final MeterRegistry meters;
    private final Clock clock;
    private @Nullable Gateway running;
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
            Thread.ofVirtual().name("gateway-start").start(this::startUntilItRuns);
        }
    }

    private void startUntilItRuns() {
        try {
            while (!tryStart()) {
                Thread.sleep(RETRY);
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
            return true;
        } catch (RuntimeException e) {
            LOG.error("The gateway could not be started and is tried again in {} s", RETRY.toSeconds(), e);
            if (made != null) {
                made.close();
            }
            return false;
        }
    }

    synchronized void stop(@Observes @Priority(1) ShutdownEvent event) {
        stopping = true;
        if (running != null) {
            running.close();
        }
    }
}
