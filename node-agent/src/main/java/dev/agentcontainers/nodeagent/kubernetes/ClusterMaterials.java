package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads the copies of Secrets and ConfigMaps in the node's namespace, by name and each time anew. Thread-safe.
 *
 * <p>An assignment must exist before the copies that it owns, so the node sees it first: what is not there yet is watched
 * for, by its name, for a short time. Only what was there when the operator made the assignment is referred to in it.
 */
public final class ClusterMaterials implements MaterialSource {
    /** Many times what an operator takes for a copy. The agent's loop does nothing else meanwhile, not even stop it. */
    static final Duration COPIED_WITHIN = Duration.ofSeconds(2);

    private final KubernetesClient client;
    private final String namespace;

    public ClusterMaterials(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
    }

    @Override
    public Optional<Map<String, byte[]>> configMap(String name) throws SandboxException {
        return read(
                        "ConfigMap " + name,
                        client.configMaps().inNamespace(namespace).withName(name))
                .map(map -> {
                    Map<String, byte[]> content = decoded(map.getBinaryData());
                    orEmpty(map.getData())
                            .forEach((key, text) -> content.put(key, text.getBytes(StandardCharsets.UTF_8)));
                    return content;
                });
    }

    @Override
    public Optional<Map<String, byte[]>> secret(String name) throws SandboxException {
        return read("Secret " + name, client.secrets().inNamespace(namespace).withName(name))
                .map(secret -> decoded(secret.getData()));
    }

    private static <T extends HasMetadata> Optional<T> read(String what, Resource<T> copy) throws SandboxException {
        try {
            @Nullable T present = copy.get();
            return present != null ? Optional.of(present) : awaited(copy);
        } catch (KubernetesClientException e) {
            throw new SandboxException(
                    Step.RESOLVE, Kind.TRANSIENT, what + " can't be read at the moment: " + e.getMessage(), e);
        }
    }

    private static <T extends HasMetadata> Optional<T> awaited(Resource<T> copy) {
        try {
            return Optional.ofNullable(
                    copy.waitUntilCondition(Objects::nonNull, COPIED_WITHIN.toMillis(), TimeUnit.MILLISECONDS));
        } catch (KubernetesClientTimeoutException e) {
            return Optional.empty();
        }
    }

    private static Map<String, byte[]> decoded(@Nullable Map<String, String> data) {
        Map<String, byte[]> content = new HashMap<>();
        orEmpty(data)
                .forEach((key, text) -> content.put(key, Base64.getDecoder().decode(text)));
        return content;
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> data) {
        return data == null ? Map.of() : data;
    }
}
