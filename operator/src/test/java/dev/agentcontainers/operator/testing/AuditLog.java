package dev.agentcontainers.operator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the API server was asked to write. */
public final class AuditLog {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> WRITES = Set.of("create", "update", "patch", "delete");

    private final TestCluster cluster;

    private AuditLog(TestCluster cluster) {
        this.cluster = cluster;
    }

    public static AuditLog of(TestCluster cluster) {
        return new AuditLog(cluster);
    }

    /**
     * The writes to an agent, its assignment and its node's policies, by operator and node agent, refused ones included;
     * Events aside. Meant for a node that runs nothing else. A line each: {@code user verb resource/name code}.
     */
    public List<String> writesFor(String namespace, String name, String uid, String nodeNamespace) {
        List<String> found = new ArrayList<>();
        for (JsonNode entry : entries()) {
            JsonNode object = entry.path("objectRef");
            boolean ofAgent = object.path("namespace").asText().equals(namespace)
                    && object.path("name").asText().equals(name);
            boolean ofAssignment = object.path("name").asText().equals(uid);
            boolean created = object.path("resource").asText().equals("agentassignments")
                    && object.path("namespace").asText().equals(nodeNamespace)
                    && entry.path("verb").asText().equals("create")
                    && entry.path("responseStatus").path("code").asInt() == 201;
            boolean ofPolicy = object.path("resource").asText().equals("agentnodepolicies")
                    && object.path("namespace").asText().equals(nodeNamespace);
            if (WRITES.contains(entry.path("verb").asText())
                    && entry.path("stage").asText().equals("ResponseComplete")
                    && entry.path("user").path("username").asText().startsWith("system:serviceaccount:")
                    && (ofAgent || ofAssignment || ofPolicy || created)) {
                found.add("%s %s %s/%s %s"
                        .formatted(
                                entry.path("user").path("username").asText(),
                                entry.path("verb").asText(),
                                object.path("resource").asText(),
                                object.path("subresource").asText(),
                                entry.path("responseStatus").path("code").asText()));
            }
        }
        return found;
    }

    /** The writes of the client with that user agent since then, Leases aside: {@code verb resource/name code}. */
    public List<String> writesOf(String userAgent, Instant since) {
        List<String> found = new ArrayList<>();
        for (JsonNode entry : entries()) {
            JsonNode object = entry.path("objectRef");
            if (WRITES.contains(entry.path("verb").asText())
                    && entry.path("stage").asText().equals("ResponseComplete")
                    && entry.path("userAgent").asText().contains(userAgent)
                    && !object.path("resource").asText().equals("leases")
                    && !Instant.parse(entry.path("requestReceivedTimestamp").asText())
                            .isBefore(since)) {
                found.add("%s %s/%s %s"
                        .formatted(
                                entry.path("verb").asText(),
                                object.path("resource").asText(),
                                object.path("name").asText(),
                                entry.path("responseStatus").path("code").asText()));
            }
        }
        return found;
    }

    private List<JsonNode> entries() {
        try {
            List<JsonNode> entries = new ArrayList<>();
            for (String line :
                    Files.readAllLines(cluster.controlPlane().auditLog().orElseThrow())) {
                entries.add(JSON.readTree(line));
            }
            return entries;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
