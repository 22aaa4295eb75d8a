package dev.agentcontainers.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.lang.reflect.RecordComponent;
import java.net.HttpURLConnection;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes {@code status} by a JSON merge patch (RFC 7386), which needs no read before. What is absent in the new status is
 * written as null, so that it goes away on the server as well.
 */
final class StatusPatch {
    /** A merge patch in the node agent's name. */
    static final PatchContext CONTEXT = new PatchContext.Builder()
            .withPatchType(PatchType.JSON_MERGE)
            .withFieldManager("agentcontainers-node-agent")
            .build();

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private StatusPatch() {}

    /**
     * Writes the whole status but for the fields named, which are left as they are.
     *
     * @param object with a name and, where it is in one, a namespace; nothing else of it counts. Patched by a name alone, the
     *     client would read the object before.
     * @return false where the object does not exist
     */
    static <T extends HasMetadata> boolean write(KubernetesClient client, T object, Record status, Set<String> except) {
        return send(client, object, text(status, except)).isPresent();
    }

    static <T extends HasMetadata> boolean write(KubernetesClient client, T object, Record status) {
        return write(client, object, status, Set.of());
    }

    /** What the object is after the patch; empty where it does not exist. */
    static <T extends HasMetadata> Optional<T> send(KubernetesClient client, T object, String patch) {
        try {
            return Optional.of(client.resource(object).subresource("status").patch(CONTEXT, patch));
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** The object as {@link #write} needs it. */
    static <T extends HasMetadata> T named(T empty, @Nullable String namespace, String name) {
        empty.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        return empty;
    }

    static String text(Record status, Set<String> except) {
        ObjectNode fields = withNulls(status);
        fields.remove(except);
        ObjectNode patch = JSON.createObjectNode();
        patch.set("status", fields);
        return patch.toString();
    }

    private static ObjectNode withNulls(Record value) {
        ObjectNode fields = JSON.createObjectNode();
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            try {
                Object field = component.getAccessor().invoke(value);
                // Lists are replaced as a whole, so what is absent in their elements is left out as usual.
                fields.set(
                        component.getName(), field instanceof Record part ? withNulls(part) : JSON.valueToTree(field));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("records of the API are public: " + component, e);
            }
        }
        return fields;
    }
}
