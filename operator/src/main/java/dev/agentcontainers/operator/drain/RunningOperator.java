package dev.agentcontainers.operator.drain;

import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The operator of the installation that is being removed. It has ended when nobody holds or renews its Lease; its Pods are of no
 * account, because one that is paused holds none.
 */
public final class RunningOperator {
    /** Name of the operator's Deployment and of its Lease. */
    public static final String NAME = "agentcontainers-operator";

    private final KubernetesClient client;
    private final String namespace;
    private @Nullable ZonedDateTime renewed;
    private long renewalSeen;

    public RunningOperator(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    /** Asks for no replicas; empty when none leads any more, otherwise who does. */
    Optional<String> stop() {
        wantNone();
        @Nullable
        Lease lease = client.leases().inNamespace(namespace).withName(NAME).get();
        return Optional.ofNullable(lease)
                .map(Lease::getSpec)
                .filter(spec -> spec.getHolderIdentity() != null
                        && !spec.getHolderIdentity().isEmpty())
                .filter(this::isRenewed)
                .map(spec -> spec.getHolderIdentity() + " still leads");
    }

    /** By the subresource, for which there is a right of its own: a Deployment's Pods aren't a drain's to change. */
    private void wantNone() {
        String path = "/apis/apps/v1/namespaces/%s/deployments/%s/scale".formatted(namespace, NAME);
        String found = client.raw(path);
        if (found == null) {
            return;
        }
        Scale scale = client.getKubernetesSerialization().unmarshal(found, Scale.class);
        if (!Objects.equals(scale.getSpec().getReplicas(), 0)) {
            scale.getSpec().setReplicas(0);
            client.raw(path, "PUT", scale);
        }
    }

    /** By this process's clock, since clocks of machines differ. */
    private boolean isRenewed(LeaseSpec spec) {
        long now = System.nanoTime();
        if (renewed == null || !Objects.equals(renewed, spec.getRenewTime())) {
            renewed = spec.getRenewTime();
            renewalSeen = now;
        }
        Duration validity = Duration.ofSeconds(
                Optional.ofNullable(spec.getLeaseDurationSeconds()).orElse(15));
        return now - renewalSeen < validity.toNanos();
    }
}
