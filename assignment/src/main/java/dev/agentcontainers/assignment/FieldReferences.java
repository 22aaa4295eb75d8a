package dev.agentcontainers.assignment;

import dev.agentcontainers.api.v1alpha1.AgentContainer;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Resolves {@code fieldRef}s, as the schema allows them. Pure. */
final class FieldReferences {
    private static final Pattern MAP_ENTRY = Pattern.compile("metadata\\.(labels|annotations)\\['([^']+)'\\]");

    private FieldReferences() {}

    /** The value; empty where the label or annotation isn't there, as for Pods. */
    static String resolve(String fieldPath, AgentContainer agent, String nodeName) {
        ObjectMeta metadata = agent.getMetadata();
        return switch (fieldPath) {
            case "metadata.name" -> metadata.getName();
            case "metadata.namespace" -> metadata.getNamespace();
            case "metadata.uid" -> metadata.getUid();
            case "status.nodeName" -> nodeName;
            default -> entry(fieldPath, metadata);
        };
    }

    private static String entry(String fieldPath, ObjectMeta metadata) {
        Matcher matcher = MAP_ENTRY.matcher(fieldPath);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "valueFrom.fieldRef.fieldPath: %s is not one that the schema allows".formatted(fieldPath));
        }
        @Nullable
        Map<String, String> entries =
                matcher.group(1).equals("labels") ? metadata.getLabels() : metadata.getAnnotations();
        return entries == null ? "" : entries.getOrDefault(matcher.group(2), "");
    }
}
