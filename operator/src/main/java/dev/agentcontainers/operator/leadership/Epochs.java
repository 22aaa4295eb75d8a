package dev.agentcontainers.operator.leadership;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands out the epochs of leaders, each higher than all before. The last one is kept in a Lease of its own beside that of the
 * election, which comes and goes; where that one is lost too, what the nodes have heard still counts.
 */
public final class Epochs {
    static final String EPOCH_ANNOTATION = "agentcontainers.dev/epoch";

    private static final int ATTEMPTS = 10;

    private final KubernetesClient client;
    private final String namespace;
    private final String name;

    /**
     * The epochs of the leaders that one election brings forth.
     *
     * @param leaseName the Lease of the election
     */
    public Epochs(KubernetesClient client, String namespace, String leaseName) {
        this.client = client;
        this.namespace = namespace;
        this.name = leaseName + "-epoch";
    }

    /**
     * Takes the next epoch; no other leader will have it.
     *
     * @param heard the highest that any node or assignment knows of
     */
    public long next(long heard) {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            @Nullable
            Lease kept = client.leases().inNamespace(namespace).withName(name).get();
            long epoch = Math.max(heard, keptIn(kept)) + 1;
            try {
                keep(kept, epoch);
                return epoch;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
            }
        }
        throw new IllegalStateException("Lease %s/%s is changed by others all the time".formatted(namespace, name));
    }

    private void keep(@Nullable Lease kept, long epoch) {
        LeaseBuilder builder = kept == null ? new LeaseBuilder() : new LeaseBuilder(kept);
        Lease wanted = builder.editOrNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .addToAnnotations(EPOCH_ANNOTATION, Long.toString(epoch))
                .endMetadata()
                .build();
        if (kept == null) {
            client.resource(wanted).create();
        } else {
            // With the resourceVersion that was read: refused where another leader was faster.
            client.resource(wanted).update();
        }
    }

    private static long keptIn(@Nullable Lease lease) {
        return Optional.ofNullable(lease)
                .map(present -> present.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(EPOCH_ANNOTATION))
                .map(Epochs::number)
                .orElse(0L);
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalStateException(
                    "annotation %s of the Lease that keeps the epoch is %s, must be a whole number: remove it"
                            .formatted(EPOCH_ANNOTATION, text),
                    e);
        }
    }
}
