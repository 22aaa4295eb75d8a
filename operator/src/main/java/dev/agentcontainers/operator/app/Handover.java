package dev.agentcontainers.operator.app;

import dev.agentcontainers.operator.leadership.Candidate;
import dev.agentcontainers.operator.leadership.Leadership;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the lead back at an orderly end, so that the next operator begins at once and need not wait until the lease has run out.
 * When the framework has stopped: nothing of this process reconciles, and its elector would only take the lease again.
 */
@Singleton
public class Handover {
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);
    /** Behind the framework, which says nothing of its own place and so has 2500. */
    private static final int AFTER_THE_FRAMEWORK = 3000;

    private final KubernetesClient client;
    private final OperatorSettings settings;
    private final Leadership leadership;
    private final Candidate candidate;

    Handover(KubernetesClient client, OperatorSettings settings, Leadership leadership, Candidate candidate) {
        this.client = client;
        this.settings = settings;
        this.leadership = leadership;
        this.candidate = candidate;
    }

    void giveBack(@Observes @Priority(AFTER_THE_FRAMEWORK) ShutdownEvent event) {
        if (leadership.lastEpoch() == 0) {
            // It has never led: an end for want of an API server must not wait for one.
            return;
        }
        try {
            OperatorSettings.Leader leader = settings.leader();
            @Nullable
            Lease lease = client.leases()
                    .inNamespace(OperatorCustomization.leaseNamespace(leader, client.getConfiguration()))
                    .withName(leader.leaseName())
                    .get();
            if (lease != null && candidate.identity().equals(lease.getSpec().getHolderIdentity())) {
                lease.getSpec().setHolderIdentity("");
                // Carries the version: a successor's lease is not taken from it.
                client.resource(lease).update();
            }
        } catch (RuntimeException e) {
            LOG.warn("The lease was not given back; another operator leads when it has run out", e);
        }
    }
}
