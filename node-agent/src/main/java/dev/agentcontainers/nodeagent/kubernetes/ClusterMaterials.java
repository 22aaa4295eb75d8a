package dev.agentcontainers.nodeagent.kubernetes;

import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import dev.agentcontainers.nodeagent.sandbox.SandboxException;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Kind;
import dev.agentcontainers.nodeagent.sandbox.SandboxException.Step;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the copies of Secrets and ConfigMaps in the node's namespace, by name and each time anew. Thread-safe. */
public final class ClusterMaterials implements MaterialSource {
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
                        () -> client.configMaps()
                                .inNamespace(namespace)
                                .withName(name)
                                .get())
                .map(map -> {
                    Map<String, byte[]> content = decoded(map.getBinaryData());
                    orEmpty(map.getData())
                            .forEach((key, text) -> content.put(key, text.getBytes(StandardCharsets.UTF_8)));
                    return content;
                });
    }

    @Override
    public Optional<Map<String, byte[]>> secret(String name) throws SandboxException {
        return read(
                        "Secret " + name,
                        () -> client.secrets()
                                .inNamespace(namespace)
                                .withName(name)
                                .get())
                .map(secret -> decoded(secret.getData()));
    }

    private static <T> Optional<T> read(String what, Supplier<@Nullable T> reading) throws SandboxException {
        try {
            return Optional.ofNullable(reading.get());
        } catch (KubernetesClientException e) {
            throw new SandboxException(
                    Step.RESOLVE, Kind.TRANSIENT, what + " can't be read at the moment: " + e.getMessage(), e);
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
