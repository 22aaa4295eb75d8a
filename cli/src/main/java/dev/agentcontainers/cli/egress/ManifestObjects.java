package dev.agentcontainers.cli.egress;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.agentcontainers.api.v1alpha1.AgentContainer;
import dev.agentcontainers.api.v1alpha1.EgressPolicy;
import dev.agentcontainers.assignment.manifest.InvalidManifestException;
import dev.agentcontainers.assignment.manifest.ObjectCheck;
import dev.agentcontainers.cli.terminal.UserException;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the objects that policies are judged by from manifests; others are passed over. Used by one thread. */
public final class ManifestObjects {
    private static final YAMLMapper YAML = YAMLMapper.builder().build();
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final String namespace;
    /** Refuses what an API server would refuse; empty where objects are taken as they are. */
    private final Optional<ObjectCheck> check;

    private final List<AgentContainer> agents = new ArrayList<>();
    private final List<Namespace> namespaces = new ArrayList<>();
    private final List<Pod> pods = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<NetworkPolicy> networkPolicies = new ArrayList<>();
    private final List<EgressPolicy> egressPolicies = new ArrayList<>();
    private final List<GenericKubernetesResource> clusterNetworkPolicies = new ArrayList<>();

    /** @param namespace of objects that name none */
    public ManifestObjects(String namespace) {
        this(namespace, Optional.empty());
    }

    private ManifestObjects(String namespace, Optional<ObjectCheck> check) {
        this.namespace = namespace;
        this.check = check;
    }

    /** Of objects that are still to be applied: what would be refused then is an error. */
    public static ManifestObjects checked(String namespace) {
        return new ManifestObjects(namespace, Optional.of(new ObjectCheck()));
    }

    /** Takes every document of the file; {@code -} is standard input. */
    public ManifestObjects add(String file) {
        try (InputStream content = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            return add(file, content);
        } catch (NoSuchFileException e) {
            throw new UserException("-f %s: there is no such file".formatted(file), 2);
        } catch (JsonProcessingException e) {
            throw new UserException("-f %s: is not YAML: %s".formatted(file, e.getOriginalMessage()), 2);
        } catch (IOException e) {
            throw new UserException("-f %s: can't be read: %s".formatted(file, e.getMessage()), 2);
        }
    }

    /**
     * Takes every document of the stream.
     *
     * @param file how messages call it
     */
    public ManifestObjects add(String file, InputStream content) throws IOException {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(content)) {
            while (documents.hasNextValue()) {
                take(file, documents.nextValue());
            }
        }
        return this;
    }

    private void take(String file, JsonNode written) {
        if (written.isNull() || written.isMissingNode()) {
            return;
        }
        JsonNode document = checked(file, written);
        String kind = document.path("kind").asText();
        String group = document.path("apiVersion").asText().replaceFirst("/?[^/]*$", "");
        try {
            // Others have kinds of these names too.
            switch (group.isEmpty() ? kind : group + " " + kind) {
                case "List" -> document.path("items").forEach(item -> take(file, item));
                case "agentcontainers.dev AgentContainer" -> namespaced(document, AgentContainer.class, agents);
                case "agentcontainers.dev EgressPolicy" -> namespaced(document, EgressPolicy.class, egressPolicies);
                case "networking.k8s.io NetworkPolicy" -> namespaced(document, NetworkPolicy.class, networkPolicies);
                case "Pod" -> namespaced(document, Pod.class, pods);
                case "Namespace" -> namespaces.add(JSON.treeToValue(document, Namespace.class));
                case "Node" -> nodes.add(JSON.treeToValue(document, Node.class));
                case "policy.networking.k8s.io ClusterNetworkPolicy" ->
                    clusterNetworkPolicies.add(JSON.treeToValue(document, GenericKubernetesResource.class));
                // A folder of manifests holds other things too.
                default -> {}
            }
        } catch (JsonProcessingException e) {
            throw new UserException(
                    "-f %s: %s %s: %s"
                            .formatted(
                                    file,
                                    kind,
                                    document.path("metadata").path("name").asText("without a name"),
                                    e.getOriginalMessage()),
                    2);
        }
    }

    private JsonNode checked(String file, JsonNode document) {
        if (check.isEmpty() || !(document instanceof ObjectNode object)) {
            return document;
        }
        try {
            return check.get().checked("-f " + file, object);
        } catch (InvalidManifestException e) {
            throw new UserException(String.valueOf(e.getMessage()), 2);
        }
    }

    private <T extends HasMetadata> void namespaced(JsonNode document, Class<T> type, List<T> all)
            throws JsonProcessingException {
        T object = JSON.treeToValue(document, type);
        if (object.getMetadata().getNamespace() == null
                || object.getMetadata().getNamespace().isEmpty()) {
            object.getMetadata().setNamespace(namespace);
        }
        all.add(object);
    }

    public KnownObjects objects() {
        return new KnownObjects(
                agents, namespaces, pods, nodes, networkPolicies, egressPolicies, clusterNetworkPolicies, List.of());
    }
}
