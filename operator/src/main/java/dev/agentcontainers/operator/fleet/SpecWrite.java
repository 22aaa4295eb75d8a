package dev.agentcontainers.operator.fleet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;

/**
 * Replaces the spec of an object whose status somebody else writes. Checked against the generation instead of the
 * resourceVersion: a new status in between does no harm, a new spec does.
 */
public final class SpecWrite {
    private static final int UNPROCESSABLE = 422;

    private SpecWrite() {}

    /** @throws KubernetesClientException for which {@link #isOutdated} is true where another spec was written since */
    public static <T extends HasMetadata> T replace(KubernetesClient client, T read, Object spec) {
        String patch = """
                [{"op": "test", "path": "/metadata/generation", "value": %d},
                 {"op": "replace", "path": "/spec", "value": %s}]
                """.formatted(
                        read.getMetadata().getGeneration(),
                        client.getKubernetesSerialization().asJson(spec));
        return client.resource(read).patch(PatchContext.of(PatchType.JSON), patch);
    }

    /** Whether a write was refused because what it was based on is no longer the newest. */
    public static boolean isOutdated(KubernetesClientException refused) {
        return refused.getCode() == HttpURLConnection.HTTP_CONFLICT || refused.getCode() == UNPROCESSABLE;
    }
}
