package dev.agentcontainers.operator.fleet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.api.model.StatusDetails;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Replaces the spec of an object whose status somebody else writes. Checked against the generation instead of the
 * resourceVersion: a new status in between does no harm, a new spec does.
 */
public final class SpecWrite {
    private static final int UNPROCESSABLE = 422;
    private static final int FIELDS_NAMED = 5;

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
        return refused.getCode() == HttpURLConnection.HTTP_CONFLICT
                || (refused.getCode() == UNPROCESSABLE && invalidFields(refused).isEmpty());
    }

    /**
     * What is wrong with the object, where a write was refused because a field of it may not be so; empty otherwise. To write
     * it again would be refused again. A patch whose test failed is refused with the same code but names no field.
     */
    public static Optional<String> invalid(KubernetesClientException refused) {
        if (refused.getCode() == HttpURLConnection.HTTP_ENTITY_TOO_LARGE) {
            return Optional.of("the object is too large: " + refused.getMessage());
        }
        List<StatusCause> fields = refused.getCode() == UNPROCESSABLE ? invalidFields(refused) : List.of();
        return fields.isEmpty()
                ? Optional.empty()
                : Optional.of(fields.stream()
                        .limit(FIELDS_NAMED)
                        .map(cause -> cause.getField() + ": " + cause.getMessage())
                        .collect(Collectors.joining("; ")));
    }

    private static List<StatusCause> invalidFields(KubernetesClientException refused) {
        return Optional.ofNullable(refused.getStatus()).map(Status::getDetails).map(StatusDetails::getCauses).stream()
                .flatMap(causes -> causes.stream())
                .filter(cause -> cause.getField() != null && !cause.getField().isEmpty())
                .toList();
    }
}
