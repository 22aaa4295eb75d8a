package dev.agentcontainers.operator.logging;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Puts an object's name on the log lines of this thread until it is closed, under the keys that the operator framework uses
 * on its own threads.
 */
public final class LogContext implements AutoCloseable {
    private static final String NAME = "resource.name";
    private static final String NAMESPACE = "resource.namespace";

    private final Map<String, @Nullable String> before = new LinkedHashMap<>();

    private LogContext(String name, Optional<String> namespace) {
        put(NAME, name);
        put(NAMESPACE, namespace.orElse(""));
    }

    public static LogContext of(HasMetadata object) {
        return new LogContext(
                object.getMetadata().getName(),
                Optional.ofNullable(object.getMetadata().getNamespace()));
    }

    public static LogContext of(ResourceID object) {
        return new LogContext(object.getName(), object.getNamespace());
    }

    /** Of everything in a namespace, where the one object isn't known. */
    public static LogContext ofNamespace(String namespace) {
        return new LogContext("", Optional.of(namespace));
    }

    @Override
    public void close() {
        before.forEach((key, value) -> {
            if (value == null) {
                MDC.remove(key);
            } else {
                MDC.put(key, value);
            }
        });
    }

    private void put(String key, String value) {
        before.put(key, MDC.get(key));
        MDC.put(key, value);
    }
}
