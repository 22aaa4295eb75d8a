package dev.agentcontainers.assignment.manifest;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Collects the objects of one run from manifests, and refuses what an API server would refuse. Used by one thread.
 */
public final class ManifestReader {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final int LONGEST_LABEL = 63;
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");

    private final Schemas schemas = new Schemas();
    private final String namespace;
    private final Map<String, String> origins = new HashMap<>();
    private final List<AgentContainer> agents = new ArrayList<>();
    private final List<ConfigMap> configMaps = new ArrayList<>();
    private final List<Secret> secrets = new ArrayList<>();
    private final List<NetworkPolicy> networkPolicies = new ArrayList<>();
    private final List<EgressPolicy> egressPolicies = new ArrayList<>();

    /** @param namespace of objects that name none */
    public ManifestReader(String namespace) {
        this.namespace = namespace;
    }

    /**
     * Takes every document of the text.
     *
     * @param origin how messages call the text, a file's name for example
     */
    public void read(String origin, String yaml) throws InvalidManifestException {
        List<JsonNode> documents;
        try {
            documents = Yaml.read(yaml);
        } catch (YamlEngineException e) {
            throw new InvalidManifestException(origin, "is not YAML: " + e.getMessage());
        }
        for (JsonNode document : documents) {
            take(origin, document);
        }
    }

    /** Takes one object, or a List of objects. */
    public void take(String origin, JsonNode document) throws InvalidManifestException {
        if (!(document instanceof ObjectNode object)) {
            throw new InvalidManifestException(origin, "a document is not an object with apiVersion and kind");
        }
        String apiVersion = object.path("apiVersion").asText();
        String kind = object.path("kind").asText();
        if (apiVersion.equals("v1") && kind.equals("List")) {
            for (JsonNode item : object.path("items")) {
                take(origin, item);
            }
            return;
        }
        StructuralSchema schema = schemas.of(apiVersion, kind)
                .orElseThrow(() -> new InvalidManifestException(
                        origin,
                        "apiVersion '%s', kind '%s' can't be part of a standalone run; what can: agentcontainers.dev/v1alpha1 AgentContainer and EgressPolicy, v1 ConfigMap, v1 Secret, networking.k8s.io/v1 NetworkPolicy and v1 Namespace"
                                .formatted(apiVersion, kind)));
        ObjectNode checked = ObjectCheck.checked(schema, origin, object);
        checked.remove("status");
        add(origin, kind, checked);
    }

    private void add(String origin, String kind, ObjectNode object) throws InvalidManifestException {
        HasMetadata typed = switch (kind) {
            case "AgentContainer" -> typed(object, AgentContainer.class, agents);
            case "ConfigMap" -> typed(object, ConfigMap.class, configMaps);
            case "Secret" -> withEncodedText(typed(object, Secret.class, secrets));
            case "EgressPolicy" -> typed(object, EgressPolicy.class, egressPolicies);
            case "NetworkPolicy" -> typed(object, NetworkPolicy.class, networkPolicies);
            // The namespace of a run needs no making.
            case "Namespace" -> null;
            default -> throw new IllegalStateException(kind);
        };
        if (typed == null) {
            return;
        }
        if (typed.getMetadata().getNamespace() == null
                || typed.getMetadata().getNamespace().isEmpty()) {
            typed.getMetadata().setNamespace(namespace);
        }
        String key = kind + " " + typed.getMetadata().getNamespace() + "/"
                + typed.getMetadata().getName();
        String before = origins.putIfAbsent(key, origin);
        if (before != null) {
            throw new InvalidManifestException(origin, "%s is there twice, before in %s".formatted(key, before));
        }
    }

    private static <T extends HasMetadata> T typed(ObjectNode object, Class<T> type, List<T> all) {
        T typed = JSON.convertValue(object, type);
        all.add(typed);
        return typed;
    }

    /** As API servers do at a write: stringData goes into data. */
    private static Secret withEncodedText(Secret secret) {
        Map<String, String> data = new HashMap<>(Objects.requireNonNullElse(secret.getData(), Map.of()));
        Objects.requireNonNullElse(secret.getStringData(), Map.<String, String>of())
                .forEach((key, text) ->
                        data.put(key, Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))));
        secret.setData(data);
        secret.setStringData(null);
        return secret;
    }

    /** What was read, which must hold one AgentContainer. */
    public RunObjects objects() throws InvalidManifestException {
        requireLabel(namespace);
        if (agents.size() != 1) {
            throw new InvalidManifestException(
                    "the manifests",
                    agents.isEmpty()
                            ? "hold no AgentContainer; a run needs one"
                            : "hold %d AgentContainers (%s); a run takes one"
                                    .formatted(
                                            agents.size(),
                                            String.join(
                                                    ", ",
                                                    agents.stream()
                                                            .map(agent -> agent.getMetadata()
                                                                    .getName())
                                                            .toList())));
        }
        return new RunObjects(agents.getFirst(), configMaps, secrets, networkPolicies, egressPolicies);
    }

    /** As API servers ask of a namespace's name (RFC 1123); those in manifests are checked by the schema. */
    private static void requireLabel(String namespace) throws InvalidManifestException {
        if (namespace.length() > LONGEST_LABEL || !LABEL.matcher(namespace).matches()) {
            throw new InvalidManifestException(
                    "the namespace of objects that name none (-n)",
                    "is '%s', but must be a DNS label: at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit, as team-a"
                            .formatted(namespace));
        }
    }
}
