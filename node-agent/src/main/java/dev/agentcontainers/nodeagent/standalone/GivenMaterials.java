package dev.agentcontainers.nodeagent.standalone;

import dev.agentcontainers.assignment.reference.Sources;
import dev.agentcontainers.nodeagent.sandbox.MaterialSource;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The ConfigMaps and Secrets that came with the agent, by the names that its assignment calls them. In memory only. */
final class GivenMaterials implements MaterialSource {
    private final Map<String, HasMetadata> objects;

    GivenMaterials(Sources sources) {
        this.objects = sources.byCopyName();
    }

    @Override
    public Optional<Map<String, byte[]>> configMap(String name) {
        return objects.get(name) instanceof ConfigMap map
                ? Optional.of(content(map.getData(), map.getBinaryData()))
                : Optional.empty();
    }

    @Override
    public Optional<Map<String, byte[]>> secret(String name) {
        return objects.get(name) instanceof Secret secret
                ? Optional.of(content(null, secret.getData()))
                : Optional.empty();
    }

    private static Map<String, byte[]> content(
            @Nullable Map<String, String> text, @Nullable Map<String, String> encoded) {
        Map<String, byte[]> content = new HashMap<>();
        if (text != null) {
            text.forEach((key, value) -> content.put(key, value.getBytes(StandardCharsets.UTF_8)));
        }
        if (encoded != null) {
            encoded.forEach(
                    (key, value) -> content.put(key, Base64.getMimeDecoder().decode(value)));
        }
        return content;
    }
}
