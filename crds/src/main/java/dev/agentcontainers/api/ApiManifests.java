package dev.agentcontainers.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a cluster needs to know the API: the files of {@code crds/yaml}, which are packaged with this class. All objects
 * are cluster-scoped; applying them again changes nothing.
 */
public final class ApiManifests {
    /** A file of one or more YAML documents. */
    public record Manifest(String name, String yaml) {}

    private static final List<String> DEFINITIONS = List.of(
            "isolationclasses.agentcontainers.dev.yaml",
            "agentnodes.agentcontainers.dev.yaml",
            "agentcontainers.agentcontainers.dev.yaml",
            "egresspolicies.agentcontainers.dev.yaml",
            "agentassignments.agentcontainers.dev.yaml",
            "agentnodepolicies.agentcontainers.dev.yaml");

    private static final List<String> OTHERS = List.of("roles.yaml", "admission.yaml");

    private ApiManifests() {}

    /** The CustomResourceDefinitions. */
    public static List<Manifest> customResourceDefinitions() {
        return DEFINITIONS.stream().map(ApiManifests::read).toList();
    }

    /** Everything, in the order in which it is applied: definitions, roles, admission policies. */
    public static List<Manifest> all() {
        return Stream.concat(DEFINITIONS.stream(), OTHERS.stream())
                .map(ApiManifests::read)
                .toList();
    }

    private static Manifest read(String name) {
        try (InputStream stream = ApiManifests.class.getResourceAsStream("yaml/" + name)) {
            if (stream == null) {
                throw new IllegalStateException("the jar lacks dev/agentcontainers/api/yaml/" + name);
            }
            return new Manifest(name, new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("can't read dev/agentcontainers/api/yaml/" + name, e);
        }
    }
}
