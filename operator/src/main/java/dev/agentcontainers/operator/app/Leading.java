package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.scheduling.Binder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens when this process begins and ceases to lead. */
@Singleton
public class Leading {
    private static final Logger LOG = LoggerFactory.getLogger(Leading.class);

    private final KubernetesClient client;
    private final OperatorSettings settings;
    private final Leadership leadership;
    private final Binder binder;
    private final DefaultIsolationClass defaultIsolationClass;
    private final GatewayService gateway;

    Leading(
            KubernetesClient client,
            OperatorSettings settings,
            Leadership leadership,
            Binder binder,
            DefaultIsolationClass defaultIsolationClass,
            GatewayService gateway) {
        this.client = client;
        this.settings = settings;
        this.leadership = leadership;
        this.binder = binder;
        this.defaultIsolationClass = defaultIsolationClass;
        this.gateway = gateway;
    }

    /** Called with the lease held and all caches filled, before the first reconciliation. */
    void start() {
        try {
            leadership.start(epoch());
            defaultIsolationClass.ensure();
            binder.start();
            gateway.start();
        } catch (RuntimeException e) {
            LOG.error("Could not begin to lead", e);
            leadership.lost("could not begin to lead: " + e.getMessage());
        }
    }

    void lost(String why) {
        leadership.lost(why);
    }

    /** Before the framework gives the lease back. */
    void shutDown(@Observes @Priority(1) ShutdownEvent event) {
        leadership.stop();
    }

    private long epoch() {
        OperatorSettings.Leader leader = settings.leader();
        String namespace = OperatorCustomization.leaseNamespace(leader, client.getConfiguration());
        Lease lease = client.leases()
                .inNamespace(namespace)
                .withName(leader.leaseName())
                .require();
        return Optional.ofNullable(lease.getSpec().getLeaseTransitions()).orElse(0);
    }
}
