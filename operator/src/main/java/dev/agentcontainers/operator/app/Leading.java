package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.agentcontainer.OrphanSweep;
import dev.agentcontainers.operator.fleet.Fleet;
import dev.agentcontainers.operator.leadership.Epochs;
import dev.agentcontainers.operator.leadership.Leadership;
import dev.agentcontainers.operator.policygroup.Rulesets;
import dev.agentcontainers.operator.scheduling.Binder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens when this process begins and ceases to lead. */
@Singleton
public class Leading {
    private static final Logger LOG = LoggerFactory.getLogger(Leading.class);

    private final KubernetesClient client;
    private final OperatorSettings settings;
    private final Leadership leadership;
    private final Fleet fleet;
    private final Rulesets rulesets;
    private final Binder binder;
    private final OrphanSweep orphanSweep;
    private final DefaultIsolationClasses defaultIsolationClasses;
    private final GatewayService gateway;

    Leading(
            KubernetesClient client,
            OperatorSettings settings,
            Leadership leadership,
            Fleet fleet,
            Rulesets rulesets,
            Binder binder,
            OrphanSweep orphanSweep,
            DefaultIsolationClasses defaultIsolationClasses,
            GatewayService gateway) {
        this.client = client;
        this.settings = settings;
        this.leadership = leadership;
        this.fleet = fleet;
        this.rulesets = rulesets;
        this.binder = binder;
        this.orphanSweep = orphanSweep;
        this.defaultIsolationClasses = defaultIsolationClasses;
        this.gateway = gateway;
    }

    /** Called with the lease held and all caches filled, before the first reconciliation. */
    void start() {
        try {
            rulesets.fill();
            leadership.start(epoch());
            defaultIsolationClasses.ensure();
            binder.start();
            orphanSweep.start();
            gateway.start();
        } catch (RuntimeException e) {
            LOG.error("Could not begin to lead", e);
            leadership.lost("could not begin to lead: " + e.getMessage());
        }
    }

    void lost(String why) {
        leadership.lost(why);
    }

    void unable(String why) {
        leadership.unable(why);
    }

    /** Before the framework gives the lease back. */
    void shutDown(@Observes @Priority(1) ShutdownEvent event) {
        leadership.stop();
    }

    private long epoch() {
        OperatorSettings.Leader leader = settings.leader();
        String namespace = OperatorCustomization.leaseNamespace(leader, client.getConfiguration());
        return new Epochs(client, namespace, leader.leaseName()).next(fleet.highestEpoch());
    }
}
