package dev.agentcontainers.assignment.reference;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What was found of an agent's references: each source that is there, and the first that is missed. */
public record Sources(Map<Reference, HasMetadata> found, Optional<String> missing) {
    public Sources {
        found = Collections.unmodifiableMap(new LinkedHashMap<>(found));
    }

    /** @param lookUp finds a source by its kind, namespace and name; asked once for each */
    public static Sources find(List<Reference> references, Function<Reference, Optional<HasMetadata>> lookUp) {
        Map<Reference, HasMetadata> found = new LinkedHashMap<>();
        Map<String, Optional<HasMetadata>> read = new LinkedHashMap<>();
        for (Reference reference : references) {
            Optional<HasMetadata> source = read.computeIfAbsent(reference.copyName(), name -> lookUp.apply(reference));
            Optional<String> problem = problem(reference, source);
            if (problem.isPresent() && !reference.optional()) {
                return new Sources(found, problem);
            }
            if (problem.isEmpty()) {
                source.ifPresent(object -> found.put(reference, object));
            }
        }
        return new Sources(found, Optional.empty());
    }

    public Set<Reference> references() {
        return found.keySet();
    }

    /** Each source by the name of its copy. */
    public Map<String, HasMetadata> byCopyName() {
        Map<String, HasMetadata> byName = new LinkedHashMap<>();
        found.forEach((reference, source) -> byName.putIfAbsent(reference.copyName(), source));
        return byName;
    }

    /** The keys of a Secret or ConfigMap with their values, binary ones marked so that they differ from text. */
    public static Map<String, String> keys(HasMetadata object) {
        return switch (object) {
            case Secret secret -> Objects.requireNonNullElse(secret.getData(), Map.of());
            case ConfigMap map -> {
                Map<String, String> all = new LinkedHashMap<>(Objects.requireNonNullElse(map.getData(), Map.of()));
                Objects.requireNonNullElse(map.getBinaryData(), Map.<String, String>of())
                        .forEach((key, value) -> all.put(key, "base64:" + value));
                yield all;
            }
            default -> Map.of();
        };
    }

    private static Optional<String> problem(Reference reference, Optional<HasMetadata> source) {
        String title = reference.kind().title();
        if (source.isEmpty()) {
            return Optional.of("%s: there is no %s %s in namespace %s"
                    .formatted(reference.field(), title, reference.name(), reference.namespace()));
        }
        if (reference.key() != null && !keys(source.get()).containsKey(reference.key())) {
            return Optional.of(
                    "%s: %s %s has no key %s".formatted(reference.field(), title, reference.name(), reference.key()));
        }
        return Optional.empty();
    }
}
